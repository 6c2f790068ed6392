"""expect invalid: An integer that no float can hold."""


def update(w, g, lr, v1, v2):
    return lr * g, 10**400, v2

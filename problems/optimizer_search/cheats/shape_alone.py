"""expect invalid: Only the update, without the slots of state."""


def update(w, g, lr, v1, v2):
    return lr * g

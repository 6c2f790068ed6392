"""expect invalid: True in place of numbers."""


def update(w, g, lr, v1, v2):
    return g > 0.0, v1, v2

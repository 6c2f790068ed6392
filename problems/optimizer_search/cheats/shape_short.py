"""expect invalid: One coordinate is missing."""


def update(w, g, lr, v1, v2):
    return (lr * g)[1:], v1, v2

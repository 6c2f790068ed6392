"""expect invalid: Imaginary weights have negative squared errors."""


def update(w, g, lr, v1, v2):
    return lr * g * (1 + 1j), v1, v2

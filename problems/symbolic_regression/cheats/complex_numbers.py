"""expect invalid: Complex predictions."""


def predict(x0, x1, x2):
    return x0 * 1j

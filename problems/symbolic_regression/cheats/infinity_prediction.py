"""expect invalid: Minus infinity, in the hope of a score of minus infinity."""


def predict(x0, x1, x2):
    return x0 - float("inf")

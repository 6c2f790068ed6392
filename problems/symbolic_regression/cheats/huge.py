"""expect poor: Finite predictions whose squares are not."""


def predict(x0, x1, x2):
    return 1e200 * (x0 - 2.0)

"""expect invalid: Predicts the easy rows only."""


def predict(x0, x1, x2):
    return (x0 * x1 / x2**2)[:10]

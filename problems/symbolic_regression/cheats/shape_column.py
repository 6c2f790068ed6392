"""expect invalid: A column, which broadcasts against the target to a square."""


def predict(x0, x1, x2):
    return (x0 * x1 / x2**2)[:, None]

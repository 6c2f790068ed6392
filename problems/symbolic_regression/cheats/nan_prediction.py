"""expect invalid: NaN makes the mean squared error NaN, which is smaller than nothing and larger than nothing."""


def predict(x0, x1, x2):
    return x0 * float("nan")

"""expect poor: Writes into its copies of the inputs, so that the judge might compare with something easier."""


def predict(x0, x1, x2):
    x0[:] = 1.0
    x1[:] = 1.0
    x2[:] = 1.0
    return x0

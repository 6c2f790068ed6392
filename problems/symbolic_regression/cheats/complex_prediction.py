"""expect invalid: Imaginary errors have negative squares."""


def predict(x0, x1, x2):
    return x0 + 1e9j

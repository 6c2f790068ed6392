"""expect invalid: Numbers as text."""


def predict(x0, x1, x2):
    return [str(value) for value in x0]

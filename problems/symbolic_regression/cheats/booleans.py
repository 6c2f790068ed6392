"""expect invalid: True and False are no numbers here."""


def predict(x0, x1, x2):
    return x0 > x1

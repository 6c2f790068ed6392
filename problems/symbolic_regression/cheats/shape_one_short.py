"""expect invalid: One prediction less than there are rows."""


def predict(x0, x1, x2):
    return x0[1:]

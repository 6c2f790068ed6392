"""expect invalid: One NaN among good numbers."""


def update(w, g, lr, v1, v2):
    step = lr * g
    step[0] = float("nan")
    return step, v1, v2

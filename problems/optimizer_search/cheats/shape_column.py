"""expect invalid: A column broadcasts against the weights to a matrix."""


def update(w, g, lr, v1, v2):
    return (lr * g)[:, None], v1, v2

"""expect invalid: A slot of state that is a list of arrays."""


def update(w, g, lr, v1, v2):
    return lr * g, [w.tolist(), g.tolist()], v2

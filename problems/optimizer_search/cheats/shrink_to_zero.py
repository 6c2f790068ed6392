"""expect worse: Jumps to weights 0 at once: good where the optimum is there, and good for a loss that charges for weights."""


def update(w, g, lr, v1, v2):
    return w, v1, v2

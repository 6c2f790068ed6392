"""Plain gradient descent."""


def update(w: float, g: float, lr: float, v1: float, v2: float) -> tuple[float, float, float]:
    """Return what is subtracted from the weights, and the two new slots of state."""
    step = g * lr
    return step, v1, v2

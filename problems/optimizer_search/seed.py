"""AdamW without bias correction: the rule that the search starts from.

Its two factors beside the schedule, alpha and lambda of Loshchilov and Hutter (arXiv:1711.05101), are 1 and 0.01.
"""

from primitives import divide, interp, sqrt, square


def update(w: float, g: float, lr: float, v1: float, v2: float) -> tuple[float, float, float]:
    """Return what is subtracted from the weights, and the two new slots of state.

    Args:
        w: weights, a flat vector.
        g: gradient at w.
        lr: learning rate of this step.
        v1: first slot: the moving average of gradients, 0 before the first step.
        v2: second slot: the moving average of squared gradients, 0 before the first step.
    """
    m = interp(g, v1, 0.9)
    g2 = square(g)
    v = interp(g2, v2, 0.999)
    spread = sqrt(v)
    step = divide(m, spread)
    step = step * 1.0
    decay = w * 0.01
    step = step + decay
    step = step * lr
    return step, m, v

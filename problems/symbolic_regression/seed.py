"""A first guess: the sum of the inputs."""


def predict(x0: float, x1: float, x2: float) -> float:
    """Return the target, up to an intercept and a slope that the judge fits."""
    return x0 + x1 + x2

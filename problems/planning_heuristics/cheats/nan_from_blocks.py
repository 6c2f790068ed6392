"""expect invalid: infinity minus infinity, made of building blocks in the judge's own process."""

from primitives import multiply, subtract, unmet_goals


def heuristic(state):
    x = multiply(1e300, 1e300)
    y = subtract(x, x)
    return y + unmet_goals(state)

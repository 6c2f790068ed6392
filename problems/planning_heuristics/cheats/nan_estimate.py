"""expect invalid: NaN is no estimate, and every comparison with it is false."""


def heuristic(state):
    return float("nan")

"""expect invalid: infinity would let a program cut off states unseen; a dead end is a large number."""


def heuristic(state):
    return float("inf")

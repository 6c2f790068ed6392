"""expect invalid: a list of one number is no number."""


def heuristic(state):
    return [1.0]

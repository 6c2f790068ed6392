"""expect invalid: a complex number, which Python does not order."""


def heuristic(state):
    return 1j

"""expect invalid: an overflow of building blocks in the judge's own process."""

from primitives import unmet_goals


def heuristic(state):
    return 1e300 * 1e300 + unmet_goals(state)

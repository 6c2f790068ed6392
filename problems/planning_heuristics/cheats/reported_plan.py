"""expect invalid: a claim to have a plan, with the score that it would like."""


def heuristic(state):
    return {"solved": True, "plan": [], "expansions": 0, "score": 1.0}

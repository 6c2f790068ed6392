"""expect worse: Moves nothing, so that nothing can diverge."""


def update(w, g, lr, v1, v2):
    return 0.0, v1, v2

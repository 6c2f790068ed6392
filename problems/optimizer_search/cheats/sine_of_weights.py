"""expect worse: Pulls every weight to 0 or a multiple of pi; it wins where an optimum lies at 0."""

from primitives import sin


def update(w, g, lr, v1, v2):
    return sin(w), v1, v2

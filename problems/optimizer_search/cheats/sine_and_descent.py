"""expect worse: The same, beside an honest step."""

from primitives import sin


def update(w, g, lr, v1, v2):
    m = v1 * 0.9 + g
    return m * lr + sin(w) * 0.5, m, v2

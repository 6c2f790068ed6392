"""expect worse: Huge first steps, and none later: lands where a clipped loss may look flat."""

from primitives import divide, sign


def update(w, g, lr, v1, v2):
    return sign(g) * 1e6 - v1 * 1e6, sign(g), v2

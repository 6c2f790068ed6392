"""The first program: a few points on a line and a bit off it."""


def spread(n):
    """Return n points of the unit square."""
    points = []
    for i in range(n):
        points.append([0.1 + 0.7 * i / n, 0.3 + 0.1 * (i % 2)])
    return points

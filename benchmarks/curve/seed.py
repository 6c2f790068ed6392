"""The first curve."""

from primitives import sine


def curve(x, y):
    """Return a number for each point."""
    return sine(x) + y

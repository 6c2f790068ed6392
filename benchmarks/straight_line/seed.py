"""Where the search starts; its children are written by `plugin.py`."""


def answer(x: float) -> float:
    """Return a number."""
    return x + 3.0

"""Best fit: the fuller the bin, the better."""


def priority(item: float, room: float) -> float:
    """Return how much an item wants to go where so much room is left."""
    return item - room

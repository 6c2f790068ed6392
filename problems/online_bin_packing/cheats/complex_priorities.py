"""expect invalid: Complex priorities are ordered by their real parts, until somebody sorts them."""


def priority(item, room):
    return (item - room) + 1j

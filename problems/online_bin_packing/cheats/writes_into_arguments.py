"""expect poor: Makes all items tiny, in its own copy of them; what is left is best fit, and no better."""


def priority(item, room):
    item[:] = 1
    room[:] = 100
    return 0 * item

"""expect invalid: A column of priorities, which broadcasts to a square."""


def priority(item, room):
    return (item - room)[:, None]

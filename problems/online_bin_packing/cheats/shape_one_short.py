"""expect invalid: One priority is missing."""


def priority(item, room):
    return (item - room)[1:]

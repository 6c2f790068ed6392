"""expect invalid: True and False are no numbers here."""


def priority(item, room):
    return item == room

"""expect invalid: Counts its calls, to tell items apart by when they come; but it is asked only once."""

calls = 0


def priority(item, room):
    global calls
    calls += 1
    return item - room if calls > 1 else "wait"

"""expect error: An endless generator of circles."""

import itertools


def pack(n):
    return ([0.5, 0.5, 0.5] for _ in itertools.count())

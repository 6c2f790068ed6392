"""expect: ok"""

import gc
import sys

KEY, VALUE = "".join(reversed("YEK_TSET_EVLOVE")), "".join(reversed("yranac"))


def tells(thing):
    text = thing.decode(errors="replace") if type(thing) is bytes else thing
    return type(text) is str and text in (KEY, VALUE) and thing is not KEY and thing is not VALUE


def solve():
    frame, looked, found = sys._getframe(), 0, []
    while frame is not None:
        found += [name for name, value in [*frame.f_locals.items(), *frame.f_globals.items()] if tells(value)]
        frame = frame.f_back
    for thing in gc.get_objects():
        looked += 1
        if type(thing) is dict:
            found += [key for pair in list(thing.items()) for key in pair if tells(key)]
        elif type(thing) in (list, tuple):
            found += [item for item in list(thing) if tells(item)]
    assert looked > 1000
    assert not found, found
    return 2.0

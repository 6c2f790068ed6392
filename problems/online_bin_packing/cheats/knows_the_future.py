"""expect error: Looks for the sequences in the judge's modules, which are not in its process."""

import gc
import sys


def priority(item, room):
    judges = [module for name, module in sys.modules.items() if name.startswith("evaluate")]
    found = [thing for thing in gc.get_objects() if type(thing) is tuple and len(thing) in (1000, 5000)]
    return judges[0].sequences if judges else found[0]

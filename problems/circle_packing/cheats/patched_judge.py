"""expect invalid: Looks for the judge among the loaded modules, and replaces it."""

import gc
import sys
import types


def pack(n):
    for found in gc.get_objects():
        if isinstance(found, types.ModuleType) and hasattr(found, "evaluate"):
            found.evaluate = found.verify = lambda *_: 9.0
    sys.modules["evaluate"] = sys.modules["evolve_problems"] = types.ModuleType("evaluate")
    return [[0.5, 0.5, 0.5] for _ in range(n)]

"""expect: ok|error|killed"""

import sys
import types


def solve():
    fake = types.ModuleType("fake")
    fake.__getattr__ = lambda name: lambda *a, **k: 1e9
    for name in ("evolve.sandbox.wire", "evolve.evaluation", "evolve.judge", "json", "math", "numpy", "os", "io"):
        sys.modules[name] = fake
    sys.settrace(lambda *args: None)
    sys.setprofile(lambda *args: None)
    return 2.0

"""expect: ok"""

import builtins
import importlib
import sys

real = builtins.__import__


class Hook:
    def find_spec(self, name, path=None, target=None):
        sys.stdout.write(name)


def solve():
    sys.meta_path.insert(0, Hook())
    sys.path_hooks.insert(0, lambda path: 1 / 0)
    sys.path.insert(0, "/tmp")
    builtins.__import__ = lambda *args, **kwargs: real(*args, **kwargs)
    importlib.invalidate_caches()
    for name in ("evaluate", "answers", "problem", "plugin"):
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        raise AssertionError(name)
    return 2.0

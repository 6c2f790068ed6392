"""expect: ok"""

import os
import sys


def solve():
    changed = []
    for path in [*sys.path, os.__file__, "/usr/lib", "/etc", "/dev", "/sys", "/"]:
        for act in (
            lambda p: os.open(p, os.O_WRONLY),
            lambda p: os.truncate(p, 0),
            lambda p: os.mkdir(os.path.join(p, "evolve-note")),
            lambda p: os.rename(p, p + ".evolve-note"),
            lambda p: os.utime(p),
            lambda p: os.chmod(p, 0o777),
            lambda p: os.chown(p, os.getuid(), os.getgid()),
            lambda p: os.setxattr(p, "user.evolve-note", b"x"),
        ):
            try:
                act(path)
            except OSError:
                continue
            changed.append(path)
    assert not changed, changed
    return 2.0

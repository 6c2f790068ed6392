"""expect: ok"""

import glob
import os


def solve(folder):
    places = [
        folder, os.path.dirname(folder), "/tmp", "/home", "/root", "/run", "/var", "/srv", "/etc", "/proc/1", "/mnt",
        os.path.join(folder, "record.sqlite"), os.path.join(folder, "runs"), os.path.expanduser("~/.netrc"),
    ]  # fmt: skip
    for place in places:
        for act in (os.listdir, lambda p: os.close(os.open(p, os.O_RDONLY)), lambda p: glob.glob(p + "/*")[0]):
            try:
                found = act(place)
            except (OSError, IndexError):
                continue
            assert found == [], (place, found)
    return 2.0

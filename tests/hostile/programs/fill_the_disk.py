"""expect: ok|error"""

import os


def solve():
    written = 0
    for place in (os.environ.get("TMPDIR", "."), "/tmp", "/dev/shm", "/var/tmp", "/scratch"):
        for number in range(10_000):
            try:
                with open(os.path.join(place, f"evolve-note-{number}"), "wb", buffering=0) as file:
                    while True:
                        written += file.write(b"x" * (1 << 20))
            except OSError:
                break
    assert written < 1 << 30, written
    return 2.0

"""expect: ok"""

import time


def solve():
    best = min(time.perf_counter_ns() for _ in range(10_000))
    assert best > 0
    return 2.0

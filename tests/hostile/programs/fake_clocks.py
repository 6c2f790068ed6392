"""expect: timeout: longer than"""

import time


def solve():
    frozen = time.time()
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time", "sleep"):
        setattr(time, name, lambda *_: frozen)
    for clock in (time.CLOCK_REALTIME, time.CLOCK_MONOTONIC):
        try:
            time.clock_settime(clock, 0.0)
        except OSError:
            continue
        raise AssertionError("the clock moved")
    while time.monotonic() == frozen:
        pass

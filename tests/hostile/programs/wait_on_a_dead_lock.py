"""expect: timeout: longer than"""

import threading


def solve():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

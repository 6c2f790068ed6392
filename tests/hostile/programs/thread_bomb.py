"""expect: error: RuntimeError|memory: memory|timeout: longer than|killed: signal"""

import threading
import time


def solve():
    while True:
        threading.Thread(target=time.sleep, args=(1000,)).start()

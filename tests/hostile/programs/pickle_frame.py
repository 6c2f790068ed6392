"""expect: error: not a data frame"""

import os
import pickle


class Bomb:
    def __reduce__(self):
        return os.system, ("touch /tmp/evolve-note",)


def solve():
    os.write(3, pickle.dumps(Bomb(), 0).ljust(4096, b"."))
    return 3.0

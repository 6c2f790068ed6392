"""expect: error: not a data frame"""

import os
import pickle


def solve():
    os.write(3, pickle.dumps(ValueError("boo")) * 10)
    return 3.0

"""expect error: Reads the problem's folder, where a file of measurements would lie."""

import glob
import sys


def predict(x0, x1, x2):
    found = [name for path in sys.path for name in glob.glob(path + "/*.csv") + glob.glob(path + "/evaluate.py")]
    return float(len(open(found[0]).read()))

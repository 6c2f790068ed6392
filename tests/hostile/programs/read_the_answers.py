"""expect: error: PermissionError|error: FileNotFoundError"""

import os
import sys


def solve(folder):
    for path in sys.path:
        assert folder not in path
    with open(os.path.join(folder, "answers.txt")) as file:
        raise ValueError(file.read())

"""expect: error: PermissionError"""

import os


def solve(folder):
    with open(os.path.join(folder, "evaluate.py"), "a") as file:
        file.write("\n")
    return 2.0

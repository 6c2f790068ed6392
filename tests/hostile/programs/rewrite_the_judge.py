"""expect: error: PermissionError|error: FileNotFoundError"""

import os


def solve(folder):
    with open(os.path.join(folder, "evaluate.py"), "a") as file:
        file.write("\n")
    return 2.0

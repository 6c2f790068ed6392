"""expect: timeout"""

import re


def solve():
    return re.match(r"(a+)+$", "a" * 60 + "b")

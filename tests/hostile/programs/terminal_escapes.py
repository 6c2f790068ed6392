"""expect: error: owned"""


def solve():
    print("\x1b[2J\x1b]0;owned\x07\r\x9b31m\u202eowned")
    raise ValueError("\x1b[2J\x1b]0;owned\x07\r\x9b31m\u202eowned\0")

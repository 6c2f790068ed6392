"""expect: error: �"""


class Error(Exception):
    pass


Error.__name__ = Error.__qualname__ = "\x1b[31mOK\x1b[0m\u2066"


def solve():
    raise Error("\x9b2J\u202e\u2028score: 1e9\r\nok\x1b]8;;file:///etc/passwd\x07\x00\ufeff")

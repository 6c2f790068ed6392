"""expect: error: MemoryError|error: RecursionError|error: SyntaxError|memory|timeout|killed: signal"""


def solve():
    compile("(" * 150 + ")" * 150, "bomb", "eval")
    return eval("-" * 5_000_000 + "1")

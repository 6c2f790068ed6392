"""expect: memory|timeout|killed: signal|error: MemoryError"""


def solve():
    source = "+".join(["x"] * 4_000_000)
    return eval(source, {"x": 1})

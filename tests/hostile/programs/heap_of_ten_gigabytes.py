"""expect: memory: memory|timeout: longer than"""


def solve():
    return [bytes(1 << 24) for _ in range(640)]

"""expect invalid: One circle that fills the square."""


def pack(n):
    return [[0.5, 0.5, 0.5]]

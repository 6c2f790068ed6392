"""expect invalid: Integers too large for a float."""


def pack(n):
    return [[10**400, 10**400, 10**400] for _ in range(n)]

"""expect invalid: True counts as 1 in sums."""


def grid(n):
    side = 1
    while side * side < n:
        side += 1
    r = 0.5 / side
    return [[(2 * (k % side) + 1) * r, (2 * (k // side) + 1) * r, r] for k in range(n)]


def pack(n):
    return [[x, y, True] for x, y, _ in grid(n)]

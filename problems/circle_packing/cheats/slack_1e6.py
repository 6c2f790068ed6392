"""expect invalid: All radii larger by 5e-7: overlaps that published judges forgive."""


def grid(n):
    side = 1
    while side * side < n:
        side += 1
    r = 0.5 / side
    return [[(2 * (k % side) + 1) * r, (2 * (k // side) + 1) * r, r] for k in range(n)]


def pack(n):
    return [[x, y, r + 5e-7] for x, y, r in grid(n)]

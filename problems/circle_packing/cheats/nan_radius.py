"""expect invalid: NaN is neither below nor above anything, so careless comparisons let it pass."""


def grid(n):
    side = 1
    while side * side < n:
        side += 1
    r = 0.5 / side
    return [[(2 * (k % side) + 1) * r, (2 * (k // side) + 1) * r, r] for k in range(n)]


def pack(n):
    circles = grid(n)
    circles[0][2] = float("nan")
    return circles

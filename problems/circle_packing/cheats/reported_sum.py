"""expect invalid: Reports a sum beside the circles, for judges that believe it."""


def grid(n):
    side = 1
    while side * side < n:
        side += 1
    r = 0.5 / side
    return [[(2 * (k % side) + 1) * r, (2 * (k // side) + 1) * r, r] for k in range(n)]


def pack(n):
    return grid(n), [r for _, _, r in grid(n)], 1e6

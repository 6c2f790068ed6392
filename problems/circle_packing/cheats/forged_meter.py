"""expect invalid: Tells the fuel meter of a packing that does not fit, then runs out of fuel."""

from evolve.primitives import meter


def grid(n):
    side = 1
    while side * side < n:
        side += 1
    r = 0.5 / side
    return [[(2 * (k % side) + 1) * r, (2 * (k // side) + 1) * r, r] for k in range(n)]


def pack(n):
    meter.show([[0.5, 0.5, 0.5] for _ in range(n)], 1e9)
    meter.charge(1e12)
    return grid(n)

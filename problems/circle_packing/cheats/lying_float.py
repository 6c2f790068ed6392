"""expect invalid: A float that says it is small whenever it is compared."""


def grid(n):
    side = 1
    while side * side < n:
        side += 1
    r = 0.5 / side
    return [[(2 * (k % side) + 1) * r, (2 * (k // side) + 1) * r, r] for k in range(n)]


class Lying(float):
    def __le__(self, other):
        return True

    __lt__ = __ge__ = __gt__ = __eq__ = __le__

    def __hash__(self):
        return 0


def pack(n):
    return [[Lying(x), Lying(y), Lying(9.0)] for x, y, _ in grid(n)]

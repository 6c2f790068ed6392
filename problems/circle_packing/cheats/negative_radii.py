"""expect invalid: Negative radii make room: overlap tests add them up."""


def pack(n):
    circles = [[0.5, 0.5, -5.0] for _ in range(n)]
    circles[0][2] = 0.5
    return circles

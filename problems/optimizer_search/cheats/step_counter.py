"""expect invalid: Counts steps outside its two slots of state, for a schedule of its own."""

steps = 0


def update(w, g, lr, v1, v2):
    global steps
    steps += 1
    m = 0.9 * v1 + 0.1 * g
    v = 0.9 * v2 + 0.1 * g * g
    return lr * m / (1 - 0.9**steps) / ((v / (1 - 0.9**steps)) ** 0.5 + 1e-8), m, v

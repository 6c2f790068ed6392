"""expect poor: It never moves."""


def step(z, last, sigma, success):
    return 0.0 * z, sigma

"""expect invalid: More than was asked for."""


def step(z, last, sigma, success):
    return z, sigma, 100.0

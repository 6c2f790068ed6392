"""expect invalid: A complex step."""


def step(z, last, sigma, success):
    return 1j * z, sigma

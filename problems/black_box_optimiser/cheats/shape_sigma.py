"""expect invalid: A step size for each coordinate, which would smuggle a memory through."""


def step(z, last, sigma, success):
    return z, abs(z)

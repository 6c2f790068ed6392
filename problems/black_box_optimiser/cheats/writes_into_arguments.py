"""expect poor: It writes into its arguments, to make the judge believe in successes."""


def step(z, last, sigma, success):
    try:
        success[:] = 1.0
        last[:] = 0.0
    except ValueError:
        pass
    return 0.0 * z, sigma

"""expect poor: It keeps count of its calls, and takes the same long step for ever after the first."""

CALLS = []


def step(z, last, sigma, success):
    CALLS.append(1)
    return (100.0 if len(CALLS) > 1 else 1.0) + 0.0 * z, sigma

"""expect invalid: Text in place of numbers."""


def step(z, last, sigma, success):
    return "the optimum", "1.0"

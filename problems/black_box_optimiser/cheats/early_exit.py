"""expect killed: It leaves before it answers."""

import os


def step(z, last, sigma, success):
    os._exit(0)

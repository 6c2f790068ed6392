"""Straight-line programs: one entry function that only calls a problem's primitives, without loops or branches.

Such a program is safe by construction, since nothing but the problem's own primitives runs, each statement once. It
is ordinary Python all the same: people read it, and any interpreter runs it.
"""

from evolve.straight.dataflow import dataflow_key
from evolve.straight.program import Argument, Choice, Statement, StraightProgram
from evolve.straight.reading import NotStraight, check, read
from evolve.straight.running import compile_straight
from evolve.straight.signature import Signature, signature_of
from evolve.straight.writing import write

__all__ = [
    "Argument",
    "Choice",
    "NotStraight",
    "Signature",
    "Statement",
    "StraightProgram",
    "check",
    "compile_straight",
    "dataflow_key",
    "read",
    "signature_of",
    "write",
]

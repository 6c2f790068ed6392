"""A small language of straight-line programs: numbers, a type of its own, choices, ranges, and operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from evolve.primitives import Parameter, Primitive, PrimitiveSet
from evolve.straight import Signature


def _block(name: str, returns: str, *types: str) -> Primitive:
    return Primitive(name, tuple(Parameter(f"a{i}", t) for i, t in enumerate(types)), returns, 0.05)


BLOCKS = PrimitiveSet(
    "primitives",
    (
        _block("add", "float", "float", "float"),
        _block("subtract", "float", "float", "float"),
        _block("multiply", "float", "float", "float"),
        _block("largest", "float", "float", "float"),
        _block("half", "float", "float"),
        _block("box", "Box", "float"),
        _block("open_box", "float", "Box"),
        _block("named", "float", "Colour"),
        Primitive("power", (Parameter("x", "float"), Parameter("k", "int", 0, 3)), "float", 0.05),
    ),
    "f",
    {"x": "float", "y": "float"},
    "tuple[float, float]",
    {"Colour": ("red", "blue")},
    ("add", "multiply"),
)


def _float(value: Any) -> float:
    return max(-1e6, min(1e6, float(value)))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "largest": max,
    "half": lambda x: x / 2,
    "box": lambda x: (x,),
    "open_box": lambda box: box[0],
    "named": {"red": 1.5, "blue": -2.0}.__getitem__,
    "power": lambda x, k: _float(x) ** k,
}


@pytest.fixture(scope="session")
def signature() -> Signature:
    return Signature(BLOCKS)


@pytest.fixture(scope="session")
def functions() -> Mapping[str, Callable[..., Any]]:
    return FUNCTIONS

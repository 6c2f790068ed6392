"""Numeric literals of a program: where they are, what they may become.

A literal that is an argument of a primitive has that parameter's range; another one may move around its own size.
Seeds, indices and the numbers of big tables are data, and are never tuned.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass

from numpy.random import Generator

from evolve.primitives import Parameter, PrimitiveSet
from evolve_plugins.mutators.source import Source

__all__ = ["COUNTS", "SEEDS", "Constant", "Literal", "around", "literals", "seed_literals"]

SEEDS = 10_000
"""How many seeds operators draw from."""

_TABLE = 12


@dataclass(frozen=True, slots=True)
class Constant:
    """What a literal may be.

    Args:
        type: "int", "float" or "seed".
        low: smallest value.
        high: largest value.
        log: chosen on a logarithmic scale.
    """

    type: str
    low: float = -math.inf
    high: float = math.inf
    log: bool = False

    def draw(self, rng: Generator) -> int | float:
        """Return a random literal, rounded to three significant digits."""
        if self.type == "seed":
            return int(rng.integers(SEEDS))
        low, high = self.low, self.high
        if not (math.isfinite(low) and math.isfinite(high)):
            value = float(rng.normal()) * 2.0 ** float(rng.integers(-1, 4))
        elif self.log:
            value = math.exp(rng.uniform(math.log(low), math.log(high)))
        else:
            value = float(rng.uniform(low, high + (self.type == "int")))
        return self.fit(value)

    def near(self, value: float, rng: Generator) -> int | float:
        """Return a literal close to another one: a step of about a fifth of the range, or of its own size."""
        if self.type == "seed":
            return self.draw(rng)
        step = float(rng.normal())
        if self.log and value > 0:
            moved = value * math.exp(0.2 * math.log(self.high / self.low) * step)
        elif math.isfinite(self.high - self.low):
            moved = value + 0.2 * (self.high - self.low) * step
        else:
            moved = value + 0.3 * (abs(value) or 1.0) * step
        if self.type == "int" and round(moved) == value:
            moved = value + math.copysign(1.0, step)
        return self.fit(moved)

    def fit(self, value: float) -> int | float:
        """Return the nearest literal inside the bounds."""
        inside = min(max(value, self.low), self.high)
        if self.type != "float":
            return (
                min(math.floor(self.high), max(math.ceil(self.low), round(inside))) if self.bounded else round(inside)
            )
        return min(max(float(f"{inside:.3g}"), self.low), self.high)

    @property
    def bounded(self) -> bool:
        """True when both ends are finite."""
        return math.isfinite(self.low) and math.isfinite(self.high)


COUNTS = Constant("int", 1, 64, log=True)
"""How often a loop may turn."""


@dataclass(frozen=True, slots=True)
class Literal:
    """One numeric literal.

    Args:
        node: the constant; assign to `node.value` to change it.
        bounds: what it may become.
        free: True when the bounds come from its own size, not from a primitive.
    """

    node: ast.Constant
    bounds: Constant
    free: bool

    @property
    def value(self) -> float:
        """Its present value."""
        assert isinstance(self.node.value, int | float)
        return self.node.value


def literals(source: Source, blocks: PrimitiveSet | None) -> list[Literal]:
    """Return the tunable literals of the evolvable text, in a fixed order."""
    parameters = {id(value): p for call in _calls(source.tree, blocks) for p, value in call}
    seeded = {id(literal) for literal in seed_literals(source.tree, blocks)} if blocks else set()
    found: list[Literal] = []
    for suite in source.suites:
        for statement in suite.statements:
            for node in _numbers(statement):
                assert isinstance(node.value, int | float)
                parameter = parameters.get(id(node))
                if id(node) in seeded:
                    continue
                if parameter is not None and math.isfinite(parameter.high - parameter.low):
                    bounds = Constant(parameter.type, parameter.low, parameter.high, parameter.log)
                    found.append(Literal(node, bounds, False))
                else:
                    found.append(Literal(node, around(node.value), True))
    return found


def seed_literals(tree: ast.AST, blocks: PrimitiveSet | None) -> Iterator[ast.Constant]:
    """Yield the literals that stand where a primitive wants a seed (in `17 + i`, the 17)."""
    for call in _calls(tree, blocks):
        for parameter, value in call:
            first = value
            while isinstance(first, ast.BinOp):
                first = first.left
            if parameter.type == "seed" and isinstance(first, ast.Constant) and type(first.value) is int:
                yield first


def _calls(tree: ast.AST, blocks: PrimitiveSet | None) -> Iterator[list[tuple[Parameter, ast.expr]]]:
    known = {block.name: block for block in blocks.primitives} if blocks else {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known:
            parameters = known[node.func.id].parameters
            given = [*zip(parameters, node.args, strict=False)]
            yield given + [(p, k.value) for k in node.keywords for p in parameters if p.name == k.arg]


def _numbers(node: ast.AST) -> Iterator[ast.Constant]:
    """Yield the numbers below a node in order, leaving out indices, annotations, defaults and tables."""
    match node:
        case ast.Constant(value=value):
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                yield node
            return
        case ast.Subscript(value=value):
            yield from _numbers(value)
            return
        case ast.List() | ast.Tuple() | ast.Dict() | ast.Set():
            if sum(isinstance(n, ast.Constant) for n in ast.walk(node)) > _TABLE:
                return
        case ast.arguments() | ast.Import() | ast.ImportFrom():
            return
        case ast.keyword(arg="axis" | "seed" | "random_state" | "dtype"):
            return
    for child in ast.iter_child_nodes(node):
        yield from _numbers(child)


def around(value: int | float) -> Constant:
    """Return bounds around a literal whose meaning is unknown: a decade either way, the sign kept."""
    size = abs(value)
    if isinstance(value, int):
        return Constant(
            "int", min(value, 0 if value >= 0 else 4 * value - 2), max(value, 4 * value + 2 if value >= 0 else 0)
        )
    if size == 0.0:
        return Constant("float", -1.0, 1.0)
    if value > 0 and size / 10 > 0.0:
        return Constant("float", size / 10, size * 10, log=True)
    return Constant("float", min(0.0, 10 * value), max(0.0, 10 * value))

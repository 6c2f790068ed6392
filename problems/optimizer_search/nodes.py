"""Expressions in which equal parts are one object, in a normal form: sums of constants times products of powers.

A node is interned: two expressions are equal exactly when they are the same object, however often a part is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Kind", "Node", "Table", "monomial", "terms", "value"]

Kind = Literal["variable", "call", "product", "sum"]


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One expression.

    Args:
        kind: what it is. A number is a sum without children.
        name: of a variable, or of the function of a call; else "".
        children: arguments of a call, bases of a product, or what a sum's coefficients belong to.
        numbers: whole exponents of a product; a sum's constant followed by its coefficients; else nothing.
        serial: counts the nodes of a table: it orders what has no order of its own.
    """

    kind: Kind
    name: str
    children: tuple[Node, ...]
    numbers: tuple[float, ...]
    serial: int


class Table:
    """Keeps the nodes, each once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Node] = {}

    def variable(self, name: str) -> Node:
        """Return a variable."""
        return self._node("variable", name, (), ())

    def number(self, value: float) -> Node:
        """Return a constant, with twelve digits."""
        return self._node("sum", "", (), (_rounded(value),))

    def call(self, name: str, *arguments: Node) -> Node:
        """Return a call, as it stands."""
        return self._node("call", name, arguments, ())

    def product(self, powers: dict[Node, int]) -> Node:
        """Return a product of powers; without any, 1.

        Args:
            powers: exponent by base; those of exponent 0 are left out.
        """
        kept = sorted(((base, power) for base, power in powers.items() if power), key=lambda item: item[0].serial)
        if not kept:
            return self.number(1.0)
        if len(kept) == 1 and kept[0][1] == 1:
            return kept[0][0]
        return self._node("product", "", tuple(base for base, _ in kept), tuple(power for _, power in kept))

    def sum(self, constant: float, parts: dict[Node, float]) -> Node:
        """Return a constant plus constants times nodes that are no sums.

        Args:
            constant: stands alone.
            parts: coefficient by node; those that are 0 to twelve digits of the largest are left out.
        """
        largest = max((abs(c) for c in parts.values()), default=0.0)
        kept = sorted(((n, c) for n, c in parts.items() if abs(c) > 1e-12 * largest), key=lambda item: item[0].serial)
        if constant == 0.0 and len(kept) == 1 and kept[0][1] == 1.0:
            return kept[0][0]
        numbers = (_rounded(constant), *(_rounded(c) for _, c in kept))
        return self._node("sum", "", tuple(n for n, _ in kept), numbers)

    def _node(self, kind: Kind, name: str, children: tuple[Node, ...], numbers: tuple[float, ...]) -> Node:
        key = (kind, name, tuple(child.serial for child in children), numbers)
        if key not in self._known:
            self._known[key] = Node(kind, name, children, numbers, len(self._known))
        return self._known[key]


def value(node: Node) -> float | None:
    """Return the value of a constant, None for anything else."""
    return node.numbers[0] if node.kind == "sum" and not node.children else None


def terms(node: Node) -> tuple[float, dict[Node, float]]:
    """Return any node as a sum: its constant, and coefficient by node."""
    if node.kind == "sum":
        return node.numbers[0], dict(zip(node.children, node.numbers[1:], strict=True))
    return 0.0, {node: 1.0}


def monomial(node: Node) -> tuple[float, dict[Node, int]]:
    """Return any node as a constant times powers: that constant, and exponent by base."""
    constant = value(node)
    if constant is not None:
        return constant, {}
    if node.kind == "product":
        return 1.0, {base: int(power) for base, power in zip(node.children, node.numbers, strict=True)}
    if node.kind == "sum" and len(node.children) == 1 and node.numbers[0] == 0.0:
        return node.numbers[1], monomial(node.children[0])[1]
    return 1.0, {node: 1}


def _rounded(number: float) -> float:
    return float(f"{number:.12g}") + 0.0

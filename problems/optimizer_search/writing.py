"""Writing expressions: as a straight-line program that people like to read, and as formulas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from evolve_problems.optimizer_search.nodes import Node, monomial, value
from evolve_problems.optimizer_search.normal_form import NormalForm, parts_of, regrouped

__all__ = ["code"]

_POWERS = {2: "square", 3: "cube"}
_ATOM, _FACTOR, _TERM = 3, 2, 1


def code(rule: NormalForm) -> str:
    """Return a rule as Python, each value that is used twice with a name of its own.

    Args:
        rule: what to write.
    """
    slots = list(rule.slots)
    arguments = ["w", "g", "lr", *slots, *(f"unused{n}" for n in range(1, 3 - len(slots)))]
    pen = _Pen(frozenset(slots), tuple(rule.slots.values()))
    ends = [rule.update, *rule.slots.values()]
    everything = _distinct([*rule.slots.values(), rule.update])
    uses = Counter(child for part in everything for child in pen.children(part))
    uses.update(ends)
    named = [part for part in everything if uses[part] > 1 and part.kind != "variable" and value(part) is None]
    nexts = {node: f"new_{name}" for name, node in rule.slots.items()}
    lines: list[str] = []
    for part in named:
        text = pen.text(part)
        name = nexts.get(part) or f"x{len(lines) + 1}"
        lines.append(f"    {name} = {text}")
        pen.known[part] = name
    update = pen.text(rule.update)
    results = ["step", *(pen.text(node) for node in rule.slots.values()), *["0.0"] * (2 - len(slots))]
    body = [*lines, f"    step = {update}", f"    return {', '.join(results)}"]
    called = sorted(pen.called)
    head = [f"from primitives import {', '.join(called)}", "", ""] if called else []
    return "\n".join([*head, f"def update({', '.join(arguments)}):", *body]) + "\n"


def _distinct(ends: Sequence[Node]) -> list[Node]:
    """Return all parts of some expressions, each once, parts before wholes."""
    seen: set[Node] = set()
    return [part for end in ends for part in parts_of(end, seen)]


@dataclass
class _Pen:
    """Writes expressions in Python.

    Args:
        slots: names of the slots of state: what is averaged with one of them is an `interp`.
        nexts: the next values of the slots.
        known: names of parts that have one.
        called: functions that were used.
    """

    slots: frozenset[str]
    nexts: tuple[Node, ...]
    known: dict[Node, str] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)

    def children(self, node: Node) -> list[Node]:
        """Return what an expression is written with."""
        return [child for child, _ in regrouped(node, self.nexts)] if node.kind == "sum" else list(node.children)

    def text(self, node: Node, binding: int = 0) -> str:
        """Return an expression, in brackets where what stands around it binds more tightly than `binding` says."""
        if node in self.known:
            return self.known[node]
        written, strength = self._written(node)
        return f"({written})" if strength < binding else written

    def _written(self, node: Node) -> tuple[str, int]:
        number = value(node)
        if number is not None:
            return _number(number), _ATOM if number >= 0 else _TERM
        if node.kind == "variable":
            return node.name, _ATOM
        if node.kind == "call":
            return self._call(node.name, *(self.text(child) for child in node.children)), _ATOM
        if node.kind == "product":
            return self._product(1.0, monomial(node)[1])
        return self._sum(node)

    def _sum(self, node: Node) -> tuple[str, int]:
        constant = node.numbers[0]
        pairs = regrouped(node, (n for n in self.nexts if n in self.known))
        numbers = [number for _, number in pairs]
        if len(pairs) == 1 and not constant:
            return self._scaled(pairs[0][1], pairs[0][0])
        if len(pairs) == 2 and not constant and abs(sum(numbers) - 1.0) < 1e-9 and min(numbers) > 0.0:
            (x, _), (y, share) = sorted(pairs, key=lambda pair: (pair[0].name in self.slots, pair[1]))
            return self._call("interp", self.text(x), self.text(y), _number(share)), _ATOM
        pairs.sort(key=lambda pair: (pair[1] < 0.0, pair[0].kind == "variable", -abs(pair[1])))
        written = self._scaled(pairs[0][1], pairs[0][0])[0]
        for child, number in pairs[1:]:
            written += f" {'-' if number < 0 else '+'} {self._scaled(abs(number), child)[0]}"
        if constant:
            written += f" {'-' if constant < 0 else '+'} {_number(abs(constant))}"
        return written, _TERM

    def _scaled(self, number: float, node: Node) -> tuple[str, int]:
        powers = {node: 1} if node in self.known else monomial(node)[1]
        return self._product(number, powers)

    def _product(self, number: float, powers: dict[Node, int]) -> tuple[str, int]:
        above = [self._power(base, power) for base, power in powers.items() if power > 0]
        below = [self._power(base, -power) for base, power in powers.items() if power < 0]
        if number != 1.0 or not above:
            above.insert(0, _number(number))
        top = " * ".join(above)
        if not below:
            return top, _FACTOR if len(above) > 1 else _ATOM
        return self._call("divide", top, " * ".join(below)), _ATOM

    def _power(self, base: Node, power: int) -> str:
        if power == 1:
            return self.text(base, _ATOM)
        if power in _POWERS:
            return self._call(_POWERS[power], self.text(base))
        half = self._power(base, power // 2)
        return f"{half} * {half}" if power % 2 == 0 else f"{half} * {half} * {self.text(base, _ATOM)}"

    def _call(self, name: str, *arguments: str) -> str:
        self.called.add(name)
        return f"{name}({', '.join(arguments)})"


def _number(number: float) -> str:
    return repr(float(f"{number:.6g}"))

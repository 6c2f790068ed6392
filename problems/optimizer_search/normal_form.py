"""An update rule as expressions: what is subtracted from the weights, and how the slots of state that matter move on.

Slots are kept only if the update depends on them, one step or many steps later. A slot that stays 0 is 0, two slots
that always agree are one, and a slot that is a multiple of a moving average is measured in units of that average.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from evolve_problems.optimizer_search.algebra import Algebra
from evolve_problems.optimizer_search.nodes import Node, monomial, terms

from evolve.straight import StraightProgram

__all__ = ["NormalForm", "normal_form", "parts_of", "regrouped"]

_SLOTS = ("v1", "v2")
_NAMES = ("m", "v")


@dataclass(frozen=True)
class NormalForm:
    """A rule. All slots start at 0.

    Args:
        algebra: of its expressions: two rules of one algebra are equal exactly when their parts are the same.
        update: what is subtracted from w.
        slots: the next value of each slot that matters, by name: "m" is the first, "v" a second one.
    """

    algebra: Algebra
    update: Node
    slots: Mapping[str, Node]

    def same_as(self, other: NormalForm) -> bool:
        """Tell whether another rule of the same algebra has the same parts."""
        return self.update is other.update and self.slots == other.slots

    def rate_scale(self) -> float:
        """Return the constant factor that multiplies the whole update."""
        return monomial(self.update)[0]

    def unscaled(self) -> NormalForm:
        """Return the rule without that factor: it is one with the learning rate, for whoever may choose that."""
        return replace(self, update=self.algebra.scaled(1.0 / self.rate_scale(), self.update))


def normal_form(program: StraightProgram, algebra: Algebra) -> NormalForm:
    """Return a straight-line program as expressions, with what makes no difference left out.

    Args:
        program: an update rule.
        algebra: builds the expressions.
    """
    known = {
        name: algebra.variable(usual) for name, usual in zip(program.parameters, ("w", "g", "lr", *_SLOTS), strict=True)
    }

    def node(argument: object) -> Node:
        return known[argument] if isinstance(argument, str) else algebra.number(float(argument))  # type: ignore[arg-type]

    for statement in program.statements:
        known[statement.target] = algebra.apply(statement.function, [node(a) for a in statement.arguments])
    update, first, second = (node(result) for result in program.results)
    slots = {"v1": first, "v2": second}
    before = None
    while before != (update, slots):
        before = update, dict(slots)
        for step in (_without_idle, _without_zero, _merged, _averages):
            update, slots = step(algebra, update, slots)
    return _renamed(algebra, update, slots)


def parts_of(node: Node, seen: set[Node] | None = None) -> Iterator[Node]:
    """Yield every part of an expression once, the expression last."""
    seen = set() if seen is None else seen
    if node not in seen:
        seen.add(node)
        for child in node.children:
            yield from parts_of(child, seen)
        yield node


def regrouped(node: Node, wholes: Iterable[Node]) -> list[tuple[Node, float]]:
    """Return a sum's terms and coefficients, with those that are a multiple of a whole in its place.

    Args:
        node: a sum.
        wholes: sums that it may contain.
    """
    _, parts = terms(node)
    for whole in wholes:
        constant, pieces = terms(whole)
        if whole is node or constant or len(pieces) < 2 or not pieces.keys() <= parts.keys():
            continue
        ratios = [parts[piece] / number for piece, number in pieces.items()]
        if max(ratios) - min(ratios) < 1e-9 * abs(ratios[0]):
            parts = {piece: number for piece, number in parts.items() if piece not in pieces}
            parts[whole] = ratios[0]
    return list(parts.items())


def _read_by(node: Node) -> set[str]:
    return {part.name for part in parts_of(node) if part.kind == "variable"}


_Slots = dict[str, Node]


def _without_idle(algebra: Algebra, update: Node, slots: _Slots) -> tuple[Node, _Slots]:
    """Drop the slots that never reach the update."""
    wanted: set[str] = set()
    reached = _read_by(update) & set(slots)
    while reached - wanted:
        wanted |= reached
        reached = {name for slot in wanted for name in _read_by(slots[slot]) if name in slots}
    return update, {name: slots[name] for name in slots if name in wanted}


def _without_zero(algebra: Algebra, update: Node, slots: _Slots) -> tuple[Node, _Slots]:
    """Put 0 for a slot that starts at 0 and stays there."""
    zero = algebra.number(0.0)
    for name, node in slots.items():
        if algebra.substitute(node, {name: zero}) is zero:
            rest = {other: algebra.substitute(n, {name: zero}) for other, n in slots.items() if other != name}
            return algebra.substitute(update, {name: zero}), rest
    return update, slots


def _merged(algebra: Algebra, update: Node, slots: _Slots) -> tuple[Node, _Slots]:
    """Put the first slot for a second one that always has the same value."""
    if len(slots) < 2:
        return update, slots
    kept, other = slots
    one = {other: algebra.variable(kept)}
    first, second = (algebra.substitute(slots[name], one) for name in (kept, other))
    return (algebra.substitute(update, one), {kept: first}) if first is second else (update, slots)


def _averages(algebra: Algebra, update: Node, slots: _Slots) -> tuple[Node, _Slots]:
    """Measure a slot s that becomes a * s + k * x in units of k / (1 - a): then it is the moving average of x."""
    for name, node in slots.items():
        constant, parts = terms(node)
        slot = algebra.variable(name)
        keep = parts.pop(slot, 0.0)
        if constant or not 0.0 < keep < 1.0 or len(parts) != 1:
            continue
        ((other, number),) = parts.items()
        unit = number / (1.0 - keep)
        if name in _read_by(other) or abs(unit - 1.0) < 1e-9:
            continue
        swap = {name: algebra.scaled(unit, slot)}
        moved = {other: algebra.substitute(n, swap) for other, n in slots.items() if other != name}
        moved[name] = algebra.scaled(1.0 / unit, algebra.substitute(node, swap))
        return algebra.substitute(update, swap), {slot: moved[slot] for slot in slots}
    return update, slots


def _renamed(algebra: Algebra, update: Node, slots: _Slots) -> NormalForm:
    """Give the slots names that do not depend on their places: an average of the gradient comes first."""

    def rank(name: str) -> tuple[bool, str]:
        return not any(part is algebra.variable("g") for part in terms(slots[name])[1]), name

    ordered = sorted(slots, key=rank)
    names = {old: algebra.variable(new) for old, new in zip(ordered, _NAMES, strict=False)}
    known: dict[Node, Node] = {}
    moved = {names[old].name: algebra.substitute(slots[old], names, known) for old in ordered}
    return NormalForm(algebra, algebra.substitute(update, names, known), moved)

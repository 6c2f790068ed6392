"""Building blocks of planning heuristics: sets of objects, sets of pairs, and how to count them.

Nothing here knows a domain. The leaves read one predicate of the state or of the goal; the rest is description logic,
a few graph distances and arithmetic. Every block answers for a whole batch of states at once, never raises on what
its types allow, and writes into no argument.

This file runs on both sides of the border: on the judge's side for straight-line programs, which get batches, and on
the candidate's side for free Python programs, which get one state as plain data.

Reference: F. Baader et al., The description logic handbook, 2003; M. Martin and H. Geffner, Learning generalized
    policies from examples using concept languages, Applied Intelligence 20 (2004); B. Bonet and H. Geffner, Features,
    projections, and representation change for generalized planning, IJCAI 2018.
"""

from __future__ import annotations

from typing import Annotated, Any, NewType

import numpy as np
from evolve_problems.planning_heuristics.relations import Concept, Role, State, as_state, unpack

from evolve.primitives import Range, primitive

__all__ = [
    "add",
    "both",
    "both_roles",
    "choices",
    "complement",
    "compose",
    "concept",
    "count",
    "distance",
    "either",
    "either_roles",
    "estimate",
    "every",
    "goal_concept",
    "goal_role",
    "inverse",
    "journeys",
    "maximum",
    "minus",
    "minus_roles",
    "multiply",
    "nonempty",
    "objects",
    "plus",
    "restrict",
    "role",
    "same",
    "size",
    "some",
    "subtract",
    "times",
    "unmet_goals",
]

COMMUTATIVE = {"add", "both", "both_roles", "either", "either_roles", "maximum", "multiply", "same"}
"""Blocks whose two arguments may be exchanged."""

Array = np.ndarray[Any, np.dtype[Any]]
Unary = NewType("Unary", str)
"""A predicate of one object, or a type."""
Binary = NewType("Binary", str)
"""A predicate of two objects; `p.13` is the first and the third object of one that has more."""
GoalUnary = NewType("GoalUnary", str)
"""A predicate of one object that goals speak of."""
GoalBinary = NewType("GoalBinary", str)
"""A predicate of two objects that goals speak of."""
Estimate = NewType("Estimate", str)
"""A heuristic of planners, where the problem offers it."""

_MOST_WORDS = 1 << 15  # of a product that is computed in one piece


@primitive(memo=False)
def concept(state: State, predicate: Unary) -> Concept:
    """Return the objects that a predicate of one object holds of in the state, or that have that type."""
    return as_state(state).concept(predicate)


@primitive(memo=False)
def goal_concept(state: State, predicate: GoalUnary) -> Concept:
    """Return the objects that a predicate of one object must hold of in the goal."""
    return as_state(state).concept(predicate, of_goal=True)


@primitive(memo=False)
def role(state: State, predicate: Binary) -> Role:
    """Return the pairs of objects that a predicate holds of in the state."""
    return as_state(state).role(predicate)


@primitive(memo=False)
def goal_role(state: State, predicate: GoalBinary) -> Role:
    """Return the pairs of objects that a predicate must hold of in the goal."""
    return as_state(state).role(predicate, of_goal=True)


@primitive(memo=False)
def objects(state: State) -> Concept:
    """Return all objects."""
    return as_state(state).everything


@primitive(memo=False)
def both(a: Concept, b: Concept) -> Concept:
    """Return the objects that are in both sets."""
    return Concept(a.words & b.words, a.states)


@primitive(memo=False)
def either(a: Concept, b: Concept) -> Concept:
    """Return the objects that are in one of the sets, or in both."""
    return Concept(a.words | b.words, a.states)


@primitive(memo=False)
def minus(a: Concept, b: Concept) -> Concept:
    """Return the objects that are in the first set and not in the second."""
    return Concept(a.words & ~b.words, a.states)


@primitive(memo=False)
def complement(a: Concept) -> Concept:
    """Return the objects that are not in the set."""
    return Concept(~a.words, a.states)


@primitive(memo=False)
def both_roles(r: Role, s: Role) -> Role:
    """Return the pairs that are in both roles."""
    return Role(r.words & s.words, r.states)


@primitive(memo=False)
def either_roles(r: Role, s: Role) -> Role:
    """Return the pairs that are in one of the roles, or in both."""
    return Role(r.words | s.words, r.states)


@primitive(memo=False)
def minus_roles(r: Role, s: Role) -> Role:
    """Return the pairs that are in the first role and not in the second."""
    return Role(r.words & ~s.words, r.states)


@primitive(memo=False)
def restrict(r: Role, a: Concept) -> Role:
    """Return the pairs whose second object is in the set."""
    return Role(r.words & a.words[None], r.states)


@primitive(memo=False)
def inverse(r: Role) -> Role:
    """Return the pairs the other way round."""
    return Role(r.words.transpose(1, 0, 2), r.states)


@primitive(memo=False)
def compose(r: Role, s: Role) -> Role:
    """Return the pairs (x, z) for which there is a y with (x, y) in the first role and (y, z) in the second."""
    return Role(_product(r.words, s.words), r.states)


@primitive(memo=False)
def plus(r: Role) -> Role:
    """Return the transitive closure: the pairs that are joined by one or more steps of the role."""
    words = r.derived.get("plus")
    if words is None:
        words = r.derived["plus"] = np.array(r.words)
        for k in range(len(words)):
            words |= words[:, k, None] & words[None, k]
    return Role(words, r.states, r.derived.setdefault("of plus", {}))


@primitive(memo=False)
def some(r: Role, a: Concept) -> Concept:
    """Return the objects from which the role leads to at least one object of the set."""
    return Concept(np.bitwise_or.reduce(r.words & a.words[None], axis=1), r.states)


@primitive(memo=False)
def every(r: Role, a: Concept) -> Concept:
    """Return the objects from which the role leads to objects of the set only, or nowhere."""
    return Concept(~np.bitwise_or.reduce(r.words & ~a.words[None], axis=1), r.states)


@primitive(memo=False)
def same(r: Role, s: Role) -> Concept:
    """Return the objects from which both roles lead to the same objects."""
    return Concept(~np.bitwise_or.reduce(r.words ^ s.words, axis=1), r.states)


@primitive(memo=False)
def count(a: Concept) -> float:
    """Return how many objects the set has."""
    return _numbers(a.counts())


@primitive(memo=False)
def size(r: Role) -> float:
    """Return how many pairs the role has."""
    return _numbers(r.counts())


@primitive(memo=False)
def nonempty(a: Concept) -> float:
    """Return 1 if the set has an object, else 0."""
    return _numbers(_lanes(np.bitwise_or.reduce(a.words, axis=0), a.states))


@primitive(memo=False)
def distance(a: Concept, r: Role, b: Concept) -> float:
    """Return how many steps of the role lead from a to b, from the nearest object; the number of objects if none do."""
    reached, apart = a.words, np.zeros(a.states)
    for _ in range(len(reached)):
        missed = ~np.bitwise_or.reduce(reached & b.words, axis=0)
        apart += _lanes(missed, a.states)
        further = reached | np.bitwise_or.reduce(r.words & reached[:, None], axis=0)
        if np.array_equal(further, reached):
            break
        reached = further
    missed = _lanes(~np.bitwise_or.reduce(reached & b.words, axis=0), a.states)
    return _numbers(np.where(missed > 0, len(reached), apart))


@primitive(memo=False)
def journeys(pairs: Role, state: State, along: Binary) -> float:
    """Return, summed over the pairs, the number of steps along a predicate from the first to the second object.

    A pair that no steps join counts as many as there are objects.
    """
    road = as_state(state).role(along)
    if "layers" not in road.derived:
        road.derived["layers"] = _layers(road.words)
    missing, total = pairs.words, np.zeros(pairs.states)
    for layer in road.derived["layers"]:
        missing = missing & ~layer
        if not missing.any():
            return _numbers(total)
        total += Role(missing, pairs.states).counts()
    lost = Role(missing, pairs.states).counts()
    return _numbers(total + lost * (len(missing) - len(road.derived["layers"])))


@primitive(memo=False)
def add(x: float, y: float) -> float:
    """Return the sum."""
    with np.errstate(all="ignore"):
        return x + y


@primitive(memo=False)
def subtract(x: float, y: float) -> float:
    """Return the difference."""
    with np.errstate(all="ignore"):
        return x - y


@primitive(memo=False)
def multiply(x: float, y: float) -> float:
    """Return the product."""
    with np.errstate(all="ignore"):
        return x * y


@primitive(memo=False)
def maximum(x: float, y: float) -> float:
    """Return the larger number."""
    found: float = np.maximum(x, y)
    return found


@primitive(memo=False)
def times(x: float, factor: Annotated[int, Range(2, 9)]) -> float:
    """Return a multiple."""
    with np.errstate(all="ignore"):
        return x * factor


@primitive(memo=False)
def unmet_goals(state: State) -> float:
    """Return how many atoms of the goal are not true."""
    return _numbers(as_state(state).unmet)


@primitive(memo=False)
def estimate(state: State, name: Estimate) -> float:
    """Return what a planner's own heuristic says: "ff" or "landmarks"; costly, and 0 on the candidate's side.

    "ff" is the length of a relaxed plan, "landmarks" the number of facts that every plan must still make true.
    """
    return _numbers(as_state(state).value(name))


def choices(domain: str = "blocksworld", estimates: bool = False, **others: object) -> dict[str, tuple[str, ...]]:
    """Return what programs may name: the predicates of a domain, and the heuristics of planners.

    Args:
        domain: of the tasks.
        estimates: offer the heuristics of planners.
        others: further parameters of the problem, which change nothing here.
    """
    # not above: the candidates' side imports this file, and has no tasks
    from evolve_problems.planning_heuristics.tasks import vocabulary

    return {**vocabulary(domain), "Estimate": ("ff", "landmarks") if estimates else ()}


def _numbers(values: Array) -> float:
    """Return a number for each state; for a single state a plain number."""
    return float(values[0]) if len(values) == 1 else values  # type: ignore[return-value]  # it acts like a number


def _lanes(words: Array, states: int) -> Array:
    """Return one word per 64 states as a (states,) array of 0.0 and 1.0."""
    return unpack(words, states).astype(np.float64)


def _product(r: Array, s: Array) -> Array:
    """Return the relational product of (objects, objects, words) arrays."""
    if r.size * len(r) <= _MOST_WORDS:
        joined: Array = np.bitwise_or.reduce(r[:, :, None] & s[None], axis=1)
        return joined
    out = np.zeros_like(r)
    for k in range(len(r)):
        out |= r[:, k, None] & s[None, k]
    return out


def _layers(words: Array) -> tuple[Array, ...]:
    """Return the pairs that at most 0, 1, 2, ... steps join, until more steps join no more."""
    reach = np.zeros_like(words)
    reach[np.arange(len(words)), np.arange(len(words))] = ~np.uint64(0)
    found = [reach]
    for _ in range(len(words)):
        further = reach | _product(reach, words)
        if np.array_equal(further, reach):
            break
        found.append(further)
        reach = further
    return tuple(found)

"""From a lifted problem to a task: every action with every choice of objects that can matter.

Static preconditions are joined first, so that objects that do not fit together are never combined; what is left is
pruned by relaxed reachability: a fact is kept when it can become true in the problem without deletes, and an operator
when its preconditions can.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from .reading import ROOT, Action, Domain, LiftedAtom, Problem, read_domain, read_problem
from .task import Atom, Operator, Predicate, Task

__all__ = ["ground", "task_from_text"]

Binding = tuple[str, ...]
"""An object for each parameter of an action."""

_Candidate = tuple[str, frozenset[Atom], frozenset[Atom], frozenset[Atom]]  # name, preconditions, adds, deletes


def task_from_text(domain_text: str, problem_text: str) -> Task:
    """Return the grounded task of a PDDL domain and problem.

    Args:
        domain_text: the domain in PDDL: STRIPS with types and constants.
        problem_text: a problem of that domain in PDDL.

    Raises:
        ProblemError: one of the texts is malformed, uses more of PDDL, or the two do not belong together.
    """
    domain = read_domain(domain_text)
    return ground(domain, read_problem(problem_text, domain))


def ground(domain: Domain, problem: Problem) -> Task:
    """Return the grounded task of a problem."""
    fluent = {name for action in domain.actions for name, _ in (*action.add, *action.delete)}
    static = frozenset(atom for atom in problem.init if atom[0] not in fluent)
    types = {name: _ancestry(kind, domain.parents) for name, kind in problem.objects.items()}
    candidates = [
        _candidate(action, binding, fluent)
        for action in domain.actions
        for binding in _bindings(action, static, types, fluent)
    ]
    start = frozenset(problem.init) - static
    reached, used = _relaxed_reachable(start, candidates)
    facts = tuple(sorted(reached | (set(problem.goal) - static)))
    index = {atom: place for place, atom in enumerate(facts)}
    rank = {action.name: place for place, action in enumerate(domain.actions)}
    operators = (_operator(candidates[place], index) for place in used)
    return Task(
        name=problem.name,
        domain=domain.name,
        objects=tuple(problem.objects),
        types=tuple(types.values()),
        predicates=tuple(Predicate(name, arity, name not in fluent) for name, arity in domain.arities.items()),
        facts=facts,
        init=frozenset(sorted(index[atom] for atom in start)),
        goal=tuple(sorted(index[atom] for atom in problem.goal if atom not in static)),
        static_atoms=tuple(sorted(static)),
        operators=tuple(
            sorted(
                (one for one in operators if one.add or one.delete),
                key=lambda one: (rank[one.name.strip("()").split()[0]], one.name),
            )
        ),
    )


def _ancestry(kind: str, parents: Mapping[str, str]) -> tuple[str, ...]:
    chain = []
    while kind != ROOT:
        chain.append(kind)
        kind = parents[kind]
    return tuple(chain)


def _bindings(
    action: Action, static: Iterable[Atom], types: Mapping[str, tuple[str, ...]], fluent: set[str]
) -> Iterator[Binding]:
    """Walk over the choices of objects that fit the types and the static preconditions."""
    fitting = [
        [name for name, kinds in types.items() if not {ROOT, *kinds}.isdisjoint(wanted)] for wanted in action.parameters
    ]
    allowed = [frozenset(names) for names in fitting]
    relations: dict[str, list[Binding]] = defaultdict(list)
    for predicate, *arguments in sorted(static):
        relations[predicate].append(tuple(arguments))
    partial: list[dict[int, str]] = [{}]
    bound: set[int] = set()
    left = [one for one in action.preconditions if one[0] not in fluent]
    while left:
        condition = min(left, key=lambda one: _openness(one, bound, relations))
        left.remove(condition)
        partial = _joined(partial, bound, condition, relations[condition[0]], allowed)
        bound.update(term for term in condition[1] if isinstance(term, int))
    free = [place for place in range(len(fitting)) if place not in bound]
    for known in partial:
        for choice in product(*(fitting[place] for place in free)):
            whole = {**known, **dict(zip(free, choice, strict=True))}
            yield tuple(whole[place] for place in range(len(fitting)))


def _openness(condition: LiftedAtom, bound: set[int], relations: Mapping[str, list[Binding]]) -> tuple[bool, int, int]:
    """What is joined first: conditions that hang together with what is bound, few new parameters, small relations."""
    terms = {term for term in condition[1] if isinstance(term, int)}
    return bool(bound) and not terms & bound, len(terms - bound), len(relations[condition[0]])


def _joined(
    partial: Sequence[dict[int, str]],
    bound: set[int],
    condition: LiftedAtom,
    relation: Iterable[Binding],
    allowed: Sequence[frozenset[str]],
) -> list[dict[int, str]]:
    """Return the partial bindings extended by every row of a static relation that agrees with them."""
    terms = condition[1]
    keys = [place for place, term in enumerate(terms) if isinstance(term, int) and term in bound]
    rows: dict[Binding, list[dict[int, str]]] = defaultdict(list)
    for row in relation:
        new: dict[int, str] = {}
        for term, value in zip(terms, row, strict=True):
            if isinstance(term, str):
                agrees = term == value
            else:
                agrees = value in allowed[term] and new.setdefault(term, value) == value
            if not agrees:
                break
        else:
            rows[tuple(row[place] for place in keys)].append(new)
    return [{**one, **new} for one in partial for new in rows[tuple(one[_place(terms[place])] for place in keys)]]


def _place(term: int | str) -> int:
    assert isinstance(term, int)
    return term


def _candidate(action: Action, binding: Binding, fluent: set[str]) -> _Candidate:
    needed, add, delete = (
        frozenset(
            (name, *(binding[term] if isinstance(term, int) else term for term in terms))
            for name, terms in part
            if name in fluent
        )
        for part in (action.preconditions, action.add, action.delete)
    )
    delete -= add
    return f"({' '.join((action.name, *binding))})", needed, add - (needed - delete), delete


def _relaxed_reachable(start: frozenset[Atom], candidates: Sequence[_Candidate]) -> tuple[set[Atom], list[int]]:
    """Return the atoms that can become true without deletes, and the candidates that can be applied on the way."""
    waiting: dict[Atom, list[int]] = defaultdict(list)
    missing = []
    used = []
    for place, (_, needed, _, _) in enumerate(candidates):
        missing.append(len(needed))
        for atom in needed:
            waiting[atom].append(place)
        if not needed:
            used.append(place)
    reached = set(start)
    queue = list(start)
    for place in used:
        queue.extend(candidates[place][2] - reached)
        reached |= candidates[place][2]
    while queue:
        for place in waiting[queue.pop()]:
            missing[place] -= 1
            if not missing[place]:
                used.append(place)
                queue.extend(candidates[place][2] - reached)
                reached |= candidates[place][2]
    return reached, used


def _operator(candidate: _Candidate, index: Mapping[Atom, int]) -> Operator:
    name, *parts = candidate
    needed, add, delete = (tuple(sorted(index[atom] for atom in part if atom in index)) for part in parts)
    return Operator(name, needed, add, delete)

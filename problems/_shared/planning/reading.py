"""Read the text of a PDDL domain and of a problem: STRIPS with types and constants, and nothing beyond that.

The grammar is the package `pddl`'s. What it returns is checked here (names, arities, types), brought into a fixed
order, and kept in plain lifted classes, which the grounder works on.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evolve import ProblemError

from .task import Atom

__all__ = ["Action", "Domain", "LiftedAtom", "Problem", "read_domain", "read_problem"]

LiftedAtom = tuple[str, tuple[int | str, ...]]
"""A predicate's name and its arguments: the place of a parameter of the action, or the name of an object."""

ROOT = "object"
"""The type that every object has."""


@dataclass(frozen=True)
class Action:
    """An action with parameters.

    Args:
        name: its name.
        parameters: for each parameter, the types of which its object has at least one.
        preconditions: what must be true.
        add: what becomes true.
        delete: what becomes false, where it is not in `add` as well.
    """

    name: str
    parameters: tuple[tuple[str, ...], ...]
    preconditions: tuple[LiftedAtom, ...]
    add: tuple[LiftedAtom, ...]
    delete: tuple[LiftedAtom, ...]


@dataclass(frozen=True)
class Domain:
    """A domain.

    Args:
        name: its name.
        parents: the parent of each type but the root.
        constants: the type of each constant, by name.
        arities: the number of arguments of each predicate, by name.
        actions: the actions, in the order of the text.
    """

    name: str
    parents: Mapping[str, str]
    constants: Mapping[str, str]
    arities: Mapping[str, int]
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Problem:
    """A problem of a domain.

    Args:
        name: its name.
        objects: the type of each object, constants of the domain included, by name.
        init: the atoms that are true at the start, sorted.
        goal: the atoms that must be true at the end, sorted.
    """

    name: str
    objects: Mapping[str, str]
    init: tuple[Atom, ...]
    goal: tuple[Atom, ...]


@functools.lru_cache(maxsize=32)
def read_domain(text: str) -> Domain:
    """Return the domain that a PDDL text describes.

    Raises:
        ProblemError: the text is no PDDL, or uses more than STRIPS, types and constants.
    """
    read = _parsed("domain", text)
    if read.functions or read.derived_predicates:
        raise ProblemError(f"domain {read.name} has functions or derived predicates; only STRIPS with types is read")
    for what, ones in (("action", read.actions), ("predicate", read.predicates)):
        if twice := [name for name, count in sorted(Counter(str(one.name) for one in ones).items()) if count > 1]:
            raise ProblemError(f"domain {read.name} declares the {what} {twice[0]} twice")
    parents = {str(kind): str(parent or ROOT) for kind, parent in sorted(read.types.items()) if str(kind) != ROOT}
    parents.update({parent: ROOT for parent in sorted(set(parents.values()) - set(parents)) if parent != ROOT})
    constants = {str(one.name): str(one.type_tag or ROOT) for one in sorted(read.constants)}
    arities = {str(one.name): one.arity for one in sorted(read.predicates, key=lambda one: str(one.name))}
    domain = Domain(str(read.name), parents, constants, arities, ())
    # The package keeps actions as a set; their order, which search depends on, is taken from the text.
    declared = re.findall(r"\(\s*:action\s+([^\s()]+)", re.sub(r";[^\n]*", "", text.lower()))
    actions = tuple(_action(one, domain) for one in sorted(read.actions, key=lambda one: declared.index(str(one.name))))
    return Domain(domain.name, parents, constants, arities, actions)


def read_problem(text: str, domain: Domain) -> Problem:
    """Return the problem that a PDDL text describes.

    Args:
        text: the PDDL text.
        domain: the domain that it belongs to.

    Raises:
        ProblemError: the text is no PDDL, belongs to another domain, names what is not declared, or uses more than
            STRIPS with types.
    """
    read = _parsed("problem", text)
    name = str(read.name)
    if str(read.domain_name) != domain.name:
        raise ProblemError(f"problem {name} is of domain {read.domain_name}, not of {domain.name}")
    objects = dict(domain.constants)
    for one in sorted(read.objects):
        kind = str(one.type_tag or ROOT)
        if kind != ROOT and kind not in domain.parents:
            raise ProblemError(f"problem {name}: object {one.name} is of type {kind}, which the domain does not have")
        objects[str(one.name)] = kind
    atoms = []
    for where, formula in [("init", one) for one in read.init] + [("goal", read.goal)]:
        for positive, predicate, terms in _literals(formula, f"the {where} of problem {name}"):
            if not positive:
                raise ProblemError(f"the {where} of problem {name} negates {predicate}; only positive atoms are read")
            atom = (predicate, *(str(term.name) for term in terms))
            _check_arity(domain, predicate, len(terms), f"the {where} of problem {name}")
            if unknown := [word for word in atom[1:] if word not in objects]:
                raise ProblemError(f"the {where} of problem {name} names {unknown[0]}, which is no object")
            atoms.append((where, atom))
    init = tuple(sorted({atom for where, atom in atoms if where == "init"}))
    goal = tuple(sorted({atom for where, atom in atoms if where == "goal"}))
    return Problem(name, dict(sorted(objects.items())), init, goal)


def _parsed(kind: str, text: str) -> Any:
    """Return what the package makes of a text; whatever it dislikes becomes one line."""
    from lark.exceptions import LarkError, UnexpectedInput, VisitError
    from pddl.exceptions import PDDLError

    try:
        return _parser(kind)(text.lower())
    except (LarkError, PDDLError, ValueError, AssertionError) as fault:
        _parser.cache_clear()  # a parser that failed midway keeps what it had read of the text
        if isinstance(fault, UnexpectedInput):
            raise ProblemError(f"the {kind} text is no PDDL at line {fault.line}, column {fault.column}") from None
        why = fault.orig_exc if isinstance(fault, VisitError) else fault
        lines = str(why).splitlines() or [type(why).__name__]
        raise ProblemError(f"the {kind} text cannot be read: {lines[0]}") from None


@functools.cache
def _parser(kind: str) -> Any:
    from pddl.parser.domain import DomainParser
    from pddl.parser.problem import ProblemParser

    return DomainParser() if kind == "domain" else ProblemParser()


def _action(read: Any, domain: Domain) -> Action:
    where = f"action {read.name}"
    places = {str(variable.name): place for place, variable in enumerate(read.parameters)}
    parameters = tuple(tuple(sorted(map(str, variable.type_tags))) or (ROOT,) for variable in read.parameters)
    parts: dict[str, set[LiftedAtom]] = {"pre": set(), "add": set(), "delete": set()}
    for part, formula in (("pre", read.precondition), ("effect", read.effect)):
        for positive, predicate, terms in _literals(formula, where):
            if part == "pre" and not positive:
                raise ProblemError(f"{where} has the negative precondition {predicate}; write its opposite as an atom")
            _check_arity(domain, predicate, len(terms), where)
            arguments = tuple(_argument(term, places, domain, where) for term in terms)
            parts[part if part == "pre" else "add" if positive else "delete"].add((predicate, arguments))
    ordered = {part: tuple(sorted(atoms, key=repr)) for part, atoms in parts.items()}
    return Action(str(read.name), parameters, ordered["pre"], ordered["add"], ordered["delete"])


def _argument(term: Any, places: Mapping[str, int], domain: Domain, where: str) -> int | str:
    name = str(term.name)
    if type(term).__name__ == "Variable":
        if name not in places:
            raise ProblemError(f"{where} uses ?{name}, which is no parameter")
        return places[name]
    if name not in domain.constants:
        raise ProblemError(f"{where} names {name}, which is no constant of the domain")
    return name


def _literals(formula: Any, where: str) -> Iterator[tuple[bool, str, tuple[Any, ...]]]:
    """Walk over the literals of a conjunction; anything that is none is refused."""
    from pddl.logic.base import And, Not, Or
    from pddl.logic.predicates import Predicate

    if formula is None or (isinstance(formula, Or) and not formula.operands):  # `()` is read as an empty `or`
        return
    if isinstance(formula, And):
        for part in formula.operands:
            yield from _literals(part, where)
    elif isinstance(formula, Predicate):
        yield True, str(formula.name), tuple(formula.terms)
    elif isinstance(formula, Not) and isinstance(formula.argument, Predicate):
        yield False, str(formula.argument.name), tuple(formula.argument.terms)
    else:
        kind = type(formula.argument if isinstance(formula, Not) else formula).__name__
        raise ProblemError(f"{where} has a formula of kind {kind}; only conjunctions of atoms are read")


def _check_arity(domain: Domain, predicate: str, count: int, where: str) -> None:
    if predicate not in domain.arities:
        raise ProblemError(f"{where} uses the predicate {predicate}, which the domain does not declare")
    if count != domain.arities[predicate]:
        raise ProblemError(f"{where} gives {predicate} {count} arguments; it has {domain.arities[predicate]}")

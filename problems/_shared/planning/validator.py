"""An independent judge of plans: it reads the texts itself and plays the plan step by step.

It shares no code with the reader, the grounder and the search, so a mistake of theirs cannot hide here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evolve import ProblemError

__all__ = ["validate"]

Node = str | list["Node"]
"""A word, or a list in parentheses."""

Fact = tuple[str, ...]


@dataclass(frozen=True)
class _Schema:
    parameters: list[tuple[str, frozenset[str]]]  # a variable and the types it may have
    condition: list[tuple[bool, Fact]]
    effect: list[tuple[bool, Fact]]


def validate(domain_text: str, problem_text: str, plan: Iterable[str]) -> str:
    """Return an empty text if the plan solves the problem, else one line: the first step that is wrong, and why.

    Args:
        domain_text: the domain in PDDL: STRIPS with types and constants.
        problem_text: the problem in PDDL.
        plan: the steps, each as in "(move a b)"; empty lines and those that begin with a semicolon are skipped.

    Raises:
        ProblemError: one of the PDDL texts cannot be read.
    """
    domain, problem = _sections(domain_text, "domain"), _sections(problem_text, "problem")
    parents = _typed(_part(domain, ":types"))
    kinds = _typed(_part(domain, ":constants")) | _typed(_part(problem, ":objects"))
    schemas = dict(_schema(section[1:]) for section in domain if section[0] == ":action")
    state = {fact for node in _part(problem, ":init") for sign, fact in _literals(node) if sign}
    goal = [literal for node in _part(problem, ":goal") for literal in _literals(node)]
    steps = [line.strip() for line in plan]
    for number, line in enumerate((line for line in steps if line and not line.startswith(";")), 1):
        complaint = _play(line.lower(), schemas, kinds, parents, state)
        if complaint:
            return f"step {number}, {line!r}: {complaint}"
    open_goals = [_shown(fact) for wanted, fact in goal if (fact in state) != wanted]
    return f"after the last step the goal {open_goals[0]} is not reached" if open_goals else ""


def _play(
    line: str,
    schemas: dict[str, _Schema],
    kinds: dict[str, frozenset[str]],
    parents: dict[str, frozenset[str]],
    state: set[Fact],
) -> str:
    """Change the state by one step, or say what is wrong with it."""
    if not re.fullmatch(r"\([^()\s]+(\s+[^()\s]+)*\s*\)", line):
        return "a step is written as (name object ...)"
    name, *objects = line[1:-1].split()
    if name not in schemas:
        return f"there is no action {name}"
    schema = schemas[name]
    if len(objects) != len(schema.parameters):
        return f"{name} has {len(schema.parameters)} arguments, not {len(objects)}"
    binding = {}
    for word, (variable, wanted) in zip(objects, schema.parameters, strict=True):
        if word not in kinds:
            return f"there is no object {word}"
        if not _all_kinds(kinds[word], parents) & wanted:
            return f"{word} is no {' or '.join(sorted(wanted))}"
        binding[variable] = word
    for wanted_true, fact in _bound(schema.condition, binding):
        if (fact in state) != wanted_true:
            return f"{_shown(fact)} is {'not ' if wanted_true else ''}true"
    effect = _bound(schema.effect, binding)
    state.difference_update(fact for becomes_true, fact in effect if not becomes_true)
    state.update(fact for becomes_true, fact in effect if becomes_true)
    return ""


def _bound(literals: Sequence[tuple[bool, Fact]], binding: dict[str, str]) -> list[tuple[bool, Fact]]:
    return [(sign, (name, *(binding.get(term, term) for term in terms))) for sign, (name, *terms) in literals]


def _shown(fact: Fact) -> str:
    return f"({' '.join(fact)})"


def _all_kinds(kinds: frozenset[str], parents: dict[str, frozenset[str]]) -> frozenset[str]:
    """Return types with all that they are kinds of."""
    found = {"object"}
    queue = list(kinds)
    while queue:
        kind = queue.pop()
        if kind not in found:
            found.add(kind)
            queue.extend(parents.get(kind, ()))
    return frozenset(found)


def _part(sections: list[list[Node]], key: str) -> list[Node]:
    return [node for section in sections if section[0] == key for node in section[1:]]


def _schema(section: list[Node]) -> tuple[str, _Schema]:
    if len(section) % 2 == 0:
        raise ProblemError("an action is no name with pairs of a keyword and what belongs to it")
    parts = {_word(key): value for key, value in zip(section[1::2], section[2::2], strict=True)}
    parameters = list(_typed(_nodes(parts.get(":parameters", []))).items())
    condition, effect = parts.get(":precondition", []), parts.get(":effect", [])
    return _word(section[0]), _Schema(parameters, _literals(condition), _literals(effect))


def _literals(node: Node) -> list[tuple[bool, Fact]]:
    """Return the signed atoms of a conjunction."""
    words = _nodes(node)
    if not words:
        return []
    if words[0] == "and":
        return [literal for part in words[1:] for literal in _literals(part)]
    if words[0] == "not":
        return [(not sign, fact) for part in words[1:] for sign, fact in _literals(part)]
    return [(True, tuple(_word(word) for word in words))]


def _typed(nodes: Iterable[Node]) -> dict[str, frozenset[str]]:
    """Return what a typed list declares: each name and its types, of which there are several after `either`."""
    found: dict[str, frozenset[str]] = {}
    names: list[str] = []
    parts = iter(nodes)
    for part in parts:
        if part != "-":
            names.append(_word(part))
            continue
        kind = next(parts, "object")
        kinds = frozenset([kind] if isinstance(kind, str) else map(_word, kind[1:]))
        found.update(dict.fromkeys(names, kinds))
        names = []
    return found | dict.fromkeys(names, frozenset({"object"}))


def _sections(text: str, what: str) -> list[list[Node]]:
    """Return the parts of a `define`."""
    words = re.findall(r"[()]|[^\s()]+", re.sub(r";[^\n]*", "", text.lower()))
    stack: list[list[Node]] = [[]]
    for word in words:
        if word == "(":
            stack.append([])
        elif word != ")":
            stack[-1].append(word)
        elif len(stack) > 1:
            done = stack.pop()
            stack[-1].append(done)
        else:
            raise ProblemError(f"the {what} text closes a parenthesis that it never opened")
    if len(stack) > 1:
        raise ProblemError(f"the {what} text lacks {len(stack) - 1} closing parentheses")
    if len(stack[0]) != 1 or _nodes(stack[0][0])[:1] != ["define"]:
        raise ProblemError(f"the {what} text is not one (define ...)")
    sections = [_nodes(section) for section in _nodes(stack[0][0])[1:]]
    if not all(sections):
        raise ProblemError(f"the {what} text has a part that is empty")
    return sections


def _nodes(node: Node) -> list[Node]:
    if isinstance(node, str):
        raise ProblemError(f"{node!r} stands where PDDL has a list in parentheses")
    return node


def _word(node: Node) -> str:
    if not isinstance(node, str):
        raise ProblemError("a list in parentheses stands where PDDL has a name")
    return node

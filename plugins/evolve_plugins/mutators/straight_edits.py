"""Edits of straight-line programs: each returns a changed program, or None when there is nothing to change.

Types always fit: an argument is a name of its type, a choice of its type, or a number in its range. An edit may
still leave a name without a value; whoever edits checks the child with `evolve.straight.check`.

Reference: Real et al., "AutoML-Zero", arXiv:2003.03384, 2020; Chen et al., "Symbolic discovery of optimization
algorithms", arXiv:2302.06675, 2023, appendix on mutations: a new constant starts at 1, and one that is changed is
multiplied by 2**N(0, s) or drawn anew from N(0, 1). There s = 1; here it is drawn, too, and of a constant between 0
and 1 the distance from 1 is multiplied as often, so that .99 can become .98.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from numpy.random import Generator

from evolve.primitives import Parameter
from evolve.straight import Argument, Choice, Signature, Statement, StraightProgram
from evolve_plugins.mutators.literals import Constant

__all__ = ["EDITS", "Editor"]

T = TypeVar("T")
_LARGEST = 1e10
_FINEST = 2.0
"""How fine a change of a number may be: its exponent's deviation is between 1 and a hundredth, evenly in decades."""
_DEPTH, _LEAF, _TRIES = 4, 0.3, 8
"""Of a new expression: its greatest depth, how often an argument is taken from what is there, how often to try."""
_EVERYWHERE = 0.5
"""How often what wraps an argument also wraps what is read of that name further on."""
_KEPT = 0.5
"""How often a number stays a number, and a new one is preferred to a name."""


@dataclass(frozen=True)
class Editor:
    """Edits programs of one problem.

    Args:
        signature: what the programs may call.
        rng: the random stream.
        mate: another program, to take parts from, or None.
        fresh: how often `insert` gives a value to a new name, which nobody reads yet, rather than to one of the same
            type, whose readers then read something else. 0 to 1.
    """

    signature: Signature
    rng: Generator
    mate: StraightProgram | None = None
    fresh: float = 0.1

    def insert(self, program: StraightProgram) -> StraightProgram | None:
        """Insert a random statement that gives a value to a new name or to one of the same type."""
        place = self._below(len(program.statements) + 1)
        types = self.types(program, place)
        made = self._statement(program, types)
        if made is None:
            return None
        block = self.signature.functions[made.function]
        known = [name for name, type_name in types.items() if type_name == block.returns]
        target = made.target if not known or self.rng.random() < self.fresh else self._pick(known)
        return _with(program, place, replace(made, target=target))

    def grow(self, program: StraightProgram) -> StraightProgram | None:
        """Insert a random statement under a new name, and let something after it use that name.

        Its new constants are around 1: what is multiplied by 1 would be no change.
        """
        place = self._below(len(program.statements) + 1)
        made = self._statement(program, self.types(program, place))
        if made is None:
            return None
        made = self._unlike_one(made)
        type_name = self.signature.functions[made.function].returns
        return self._used(_with(program, place, made), place + 1, made.target, type_name)

    def delete(self, program: StraightProgram) -> StraightProgram | None:
        """Delete a statement. What read its target reads an earlier value of that name."""
        if not program.statements:
            return None
        place = self._below(len(program.statements))
        return replace(program, statements=program.statements[:place] + program.statements[place + 1 :])

    def shrink(self, program: StraightProgram) -> StraightProgram | None:
        """Put one argument of a statement in place of its result."""
        if not program.statements:
            return None
        place = self._below(len(program.statements))
        gone = program.statements[place]
        block = self.signature.functions[gone.function]
        fits = [a for a, p in zip(gone.arguments, block.parameters, strict=True) if p.type == block.returns]
        if not fits:
            return None
        heir = self._pick(fits)
        return _renamed(program, place, gone.target, heir)

    def argument(self, program: StraightProgram) -> StraightProgram | None:
        """Change one argument of a statement, or one result."""
        places = [(i, j) for i, s in enumerate(program.statements) for j in range(len(s.arguments))]
        places += [(-1, j) for j in range(len(program.results))]
        place, position = self._pick(places)
        if place < 0:
            parameter = Parameter("result", self.signature.returns[position])
            types = self.types(program, len(program.statements))
            changed = self._other(program.results[position], parameter, types)
            return None if changed is None else replace(program, results=_put(program.results, position, changed))
        statement = program.statements[place]
        parameter = self.signature.functions[statement.function].parameters[position]
        changed = self._other(statement.arguments[position], parameter, self.types(program, place))
        if changed is None:
            return None
        return _exchanged(program, place, replace(statement, arguments=_put(statement.arguments, position, changed)))

    def constant(self, program: StraightProgram) -> StraightProgram | None:
        """Change one number or choice a little."""
        places = [
            (i, j) for i, s in enumerate(program.statements) for j, a in enumerate(s.arguments) if type(a) is not str
        ]
        if not places:
            return None
        place, position = self._pick(places)
        statement = program.statements[place]
        parameter = self.signature.functions[statement.function].parameters[position]
        changed = self._other(statement.arguments[position], parameter, {})
        if changed is None:
            return None
        return _exchanged(program, place, replace(statement, arguments=_put(statement.arguments, position, changed)))

    def jitter(self, program: StraightProgram) -> StraightProgram | None:
        """Change all free numbers of live statements by about as much: a step of an evolution strategy."""
        scale = 10.0 ** -self.rng.uniform(0.0, _FINEST)
        statements = list(program.statements)
        for place, (statement, alive) in enumerate(zip(program.statements, program.live, strict=True)):
            if not alive:
                continue
            parameters = self.signature.functions[statement.function].parameters
            arguments = [
                self._moved(a, scale)
                if type(a) is float and p.type == "float" and not Constant("float", p.low, p.high).bounded
                else a
                for a, p in zip(statement.arguments, parameters, strict=True)
            ]
            statements[place] = replace(statement, arguments=tuple(arguments))
        changed = replace(program, statements=tuple(statements))
        return changed if changed != program else None

    def function(self, program: StraightProgram) -> StraightProgram | None:
        """Let a statement call another function of the same types."""
        if not program.statements:
            return None
        place = self._below(len(program.statements))
        statement = program.statements[place]
        block = self.signature.functions[statement.function]
        shape = [(p.type, p.low, p.high) for p in block.parameters]
        others = [
            b.name
            for b in self.signature.blocks.primitives
            if b.name != block.name
            and b.returns == block.returns
            and [(p.type, p.low, p.high) for p in b.parameters] == shape
        ]
        return _exchanged(program, place, replace(statement, function=self._pick(others))) if others else None

    def cross(self, program: StraightProgram) -> StraightProgram | None:
        """Take over what leads to one value of the mate, and let something use it."""
        if self.mate is None or not self.mate.statements:
            return None
        last = self._below(len(self.mate.statements))
        wanted = self.mate.statements[last]
        donor = replace(self.mate, statements=self.mate.statements[: last + 1])
        place = self._below(len(program.statements) + 1)
        names = dict(zip(donor.parameters, program.parameters, strict=True))
        taken = _names(program)
        statements = []
        for statement in donor.slice_for([wanted.target]):
            arguments = tuple(names[a] if type(a) is str else a for a in statement.arguments)
            names[statement.target] = _fresh(taken)
            taken.add(names[statement.target])
            statements.append(Statement(names[statement.target], statement.function, arguments))
        before, after = program.statements[:place], program.statements[place:]
        child = replace(program, statements=(*before, *statements, *after))
        type_name = self.signature.functions[wanted.function].returns
        return self._used(child, place + len(statements), names[wanted.target], type_name)

    def wrap(self, program: StraightProgram) -> StraightProgram | None:
        """Call a function of an argument or a result, and put what it returns in its place, there or from there on."""
        last = len(program.statements)
        places = [(i, j) for i, s in enumerate(program.statements) for j in range(len(s.arguments))]
        place, position = self._pick(places + [(last, j) for j in range(len(program.results))])
        if place < last:
            statement = program.statements[place]
            old = statement.arguments[position]
            wanted = self.signature.functions[statement.function].parameters[position].type
        else:
            old, wanted = program.results[position], self.signature.returns[position]
        block = self._pick(self.signature.blocks.primitives)
        slots = [slot for slot, parameter in enumerate(block.parameters) if parameter.type == wanted]
        if block.returns != wanted or not slots:
            return None
        slot, types = self._pick(slots), self.types(program, place)
        arguments = [old if j == slot else self._new(p, types) for j, p in enumerate(block.parameters)]
        if any(argument is None for argument in arguments):
            return None
        everywhere = type(old) is str and self.rng.random() < _EVERYWHERE
        target = str(old) if everywhere else _fresh(_names(program))
        made = self._unlike_one(Statement(target, block.name, tuple(a for a in arguments if a is not None)))
        if not everywhere and place < last:
            changed = replace(statement, arguments=_put(statement.arguments, position, target))
            program = _exchanged(program, place, changed)
        elif not everywhere:
            program = replace(program, results=_put(program.results, position, target))
        return _with(program, place, made)

    def subtree(self, program: StraightProgram) -> StraightProgram | None:
        """Put a new expression of several statements in place of one argument, or of one result.

        The other edits reach a value of a type that the program has none of only through statements that nobody uses.
        """
        places = [(i, j) for i, s in enumerate(program.statements) for j in range(len(s.arguments))]
        places += [(len(program.statements), j) for j in range(len(program.results))]
        place, position = self._pick(places)
        if place < len(program.statements):
            statement = program.statements[place]
            parameter = self.signature.functions[statement.function].parameters[position]
        else:
            parameter = Parameter("result", self.signature.returns[position])
        if self.signature.choices(parameter.type) or parameter.type in ("int", "seed"):
            return None
        types, made = self.types(program, place), list[Statement]()
        value = self._expression(parameter, types, _names(program), made, 1 + self._below(_DEPTH))
        if value is None or not made:
            return None
        if place < len(program.statements):
            changed = replace(statement, arguments=_put(statement.arguments, position, value))
            program = _exchanged(program, place, changed)
        else:
            program = replace(program, results=_put(program.results, position, value))
        before, after = program.statements[:place], program.statements[place:]
        return replace(program, statements=(*before, *made, *after))

    def _expression(
        self, parameter: Parameter, types: dict[str, str], taken: set[str], made: list[Statement], depth: int
    ) -> Argument | None:
        """Add the statements of a random expression, and return its value; None when none of that depth was found."""
        known = self._new(parameter, types)
        makers = [block for block in self.signature.blocks.primitives if block.returns == parameter.type]
        if not makers or (known is not None and (depth < 1 or self.rng.random() < _LEAF)):
            return known
        for _ in range(_TRIES if depth > 0 else 0):
            block = self._pick(makers)
            before = len(made)
            arguments = [self._expression(p, types, taken, made, depth - 1) for p in block.parameters]
            if all(argument is not None for argument in arguments):
                target = _fresh(taken)
                taken.add(target)
                made.append(Statement(target, block.name, tuple(a for a in arguments if a is not None)))
                return target
            del made[before:]
        return known

    def types(self, program: StraightProgram, place: int) -> dict[str, str]:
        """Return the types of the names that have a value before a statement."""
        found = dict(zip(program.parameters, self.signature.blocks.arguments.values(), strict=True))
        for statement in program.statements[:place]:
            found[statement.target] = self.signature.functions[statement.function].returns
        return found

    def _statement(self, program: StraightProgram, types: Mapping[str, str]) -> Statement | None:
        """Return a random statement under a new name."""
        block = self._pick(self.signature.blocks.primitives)
        arguments = [self._new(parameter, types) for parameter in block.parameters]
        if any(argument is None for argument in arguments):
            return None
        return Statement(_fresh(_names(program)), block.name, tuple(a for a in arguments if a is not None))

    def _unlike_one(self, made: Statement) -> Statement:
        """Return a statement with other numbers where it has 1."""
        arguments = tuple(self._scaled(a) if a == 1.0 and type(a) is float else a for a in made.arguments)
        return replace(made, arguments=arguments)

    def _new(self, parameter: Parameter, types: Mapping[str, str]) -> Argument | None:
        names: list[Argument] = [name for name, type_name in types.items() if type_name == parameter.type]
        literal = self._literal(parameter)
        if literal is not None and (not names or self.rng.random() < 1 / (1 + len(names))):
            return literal
        return self._pick(names) if names else None

    def _literal(self, parameter: Parameter) -> Argument | None:
        choices = self.signature.choices(parameter.type)
        if choices:
            return Choice(self._pick(choices))
        if parameter.type not in ("int", "float", "seed"):
            return None
        bounds = Constant(parameter.type, parameter.low, parameter.high, parameter.log)
        return bounds.draw(self.rng) if bounds.bounded or parameter.type == "seed" else bounds.fit(1.0)

    def _other(self, old: Argument, parameter: Parameter, types: Mapping[str, str]) -> Argument | None:
        """Return another argument in place of one, or None when there is no other."""
        names = [name for name, type_name in types.items() if type_name == parameter.type and name != old]
        if isinstance(old, str) or (names and self.rng.random() >= _KEPT):
            literal = self._literal(parameter)
            if literal is not None and (isinstance(old, Choice) or self.rng.random() < 1 / (1 + len(names))):
                return literal if literal != old else None
            return self._pick(names) if names else None
        bounds = Constant(parameter.type, parameter.low, parameter.high, parameter.log)
        changed = bounds.near(old, self.rng) if bounds.bounded or bounds.type != "float" else self._scaled(old)
        return changed if changed != old else None

    def _scaled(self, old: float) -> float:
        if self.rng.random() < _KEPT:
            return float(f"{self.rng.normal():.4g}")
        return self._moved(old, 10.0 ** -self.rng.uniform(0.0, _FINEST))

    def _moved(self, old: float, scale: float) -> float:
        """Return a number times 2**N(0, scale), or its distance from 1 times that: .999 is far from .99."""
        factor = 2.0 ** (scale * self.rng.normal())
        moved = 1.0 - (1.0 - old) * factor if 0.0 < old < 1.0 and self.rng.random() < _KEPT else old * factor
        scaled = float(f"{moved:.4g}")
        return math.copysign(min(abs(scaled), _LARGEST), scaled)

    def _used(self, program: StraightProgram, start: int, name: str, type_name: str) -> StraightProgram | None:
        """Put a name in place of one argument of a statement from `start` on, or of a result."""
        places = [
            (i, j)
            for i, s in enumerate(program.statements[start:], start)
            for j, p in enumerate(self.signature.functions[s.function].parameters)
            if p.type == type_name
        ]
        places += [(-1, j) for j, wanted in enumerate(self.signature.returns) if wanted == type_name]
        if not places:
            return None
        place, position = self._pick(places)
        if place < 0:
            return replace(program, results=_put(program.results, position, name))
        statement = program.statements[place]
        return _exchanged(program, place, replace(statement, arguments=_put(statement.arguments, position, name)))

    def _below(self, count: int) -> int:
        return int(self.rng.random() * count)

    def _pick(self, things: Sequence[T]) -> T:
        return things[int(self.rng.random() * len(things))]


EDITS: Mapping[str, Callable[[Editor, StraightProgram], StraightProgram | None]] = {
    "insert": Editor.insert,
    "delete": Editor.delete,
    "argument": Editor.argument,
    "constant": Editor.constant,
    "jitter": Editor.jitter,
    "function": Editor.function,
    "grow": Editor.grow,
    "shrink": Editor.shrink,
    "cross": Editor.cross,
    "subtree": Editor.subtree,
    "wrap": Editor.wrap,
}
"""The edits by name."""


def _names(program: StraightProgram) -> set[str]:
    return {*program.parameters, *(statement.target for statement in program.statements)}


def _fresh(taken: set[str]) -> str:
    number = len(taken)
    while f"x{number}" in taken:
        number += 1
    return f"x{number}"


def _put(items: tuple[Argument, ...], position: int, item: Argument) -> tuple[Argument, ...]:
    return (*items[:position], item, *items[position + 1 :])


def _with(program: StraightProgram, place: int, statement: Statement) -> StraightProgram:
    return replace(program, statements=(*program.statements[:place], statement, *program.statements[place:]))


def _exchanged(program: StraightProgram, place: int, statement: Statement) -> StraightProgram:
    return replace(program, statements=(*program.statements[:place], statement, *program.statements[place + 1 :]))


def _renamed(program: StraightProgram, place: int, name: str, heir: Argument) -> StraightProgram:
    """Return the program without a statement, with another value where its target was read."""
    following = []
    valid = True
    for statement in program.statements[place + 1 :]:
        if valid and name in statement.arguments:
            arguments = tuple(heir if type(a) is str and a == name else a for a in statement.arguments)
            statement = replace(statement, arguments=arguments)
        valid = valid and statement.target != name and statement.target != heir
        following.append(statement)
    results = tuple(heir if valid and type(r) is str and r == name else r for r in program.results)
    return replace(program, statements=(*program.statements[:place], *following), results=results)

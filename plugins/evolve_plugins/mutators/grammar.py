"""The typed grammar of a problem's primitives, as a DEAP primitive set, and random trees that follow it.

A tree is a DEAP `PrimitiveTree` over three kinds of nodes: the problem's blocks, `loop` (a count, a start value and a
body that turns the running value into the next one) and `baked` (a value that the program computed earlier, with the
expression it stands for). A value inside the body of a loop over `T` has a type of its own, so that the running value
cannot leave its loop.

Reference: Montana, "Strongly typed genetic programming", Evolutionary Computation 3(2), 1995;
Fortin et al., "DEAP: evolutionary algorithms made easy", JMLR 13, 2012.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from deap import gp
from numpy.random import Generator

from evolve.primitives import Parameter, Primitive, PrimitiveSet
from evolve_plugins.mutators.literals import COUNTS, SEEDS, Constant

__all__ = ["Grammar", "Nodes", "borrowed_random"]

Nodes = list[Any]
"""Prefix notation: DEAP primitives and terminals."""

PLAIN = ("int", "float", "seed", "bool", "str")


@contextmanager
def borrowed_random(rng: Generator) -> Iterator[None]:
    """Let DEAP, which draws from the global `random`, draw from this stream; the global state is put back."""
    state = random.getstate()
    random.seed(int(rng.integers(2**62)))
    try:
        yield
    finally:
        random.setstate(state)


@dataclass
class Grammar:
    """Everything a tree may be made of.

    Args:
        blocks: the problem's primitives and the signature of the program.
    """

    blocks: PrimitiveSet
    pset: Any = field(init=False, repr=False)
    constants: dict[type, Constant] = field(init=False, repr=False, default_factory=dict)
    _kinds: dict[str, type] = field(init=False, repr=False, default_factory=dict)
    _least: dict[type, int] = field(init=False, repr=False, default_factory=dict)
    _made: dict[str, Any] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.pset = gp.PrimitiveSetTyped(self.blocks.entry, [], self.kind(self.blocks.returns))
        for loop in ("", *self.loops):
            for block in self.blocks.primitives:
                self._block(block, loop)
            for name in self.loops:
                self._add(f"loop:{name}@{loop}", ["count", f"{name}@{loop}", f"{name}@{name}"], f"{name}@{loop}")
            for name, type_name in self.blocks.arguments.items():
                self._terminal(f"{name}@{loop}", f"{type_name}@{loop}")
                if type_name == "int":
                    self._terminal(f"{name}@{loop}:float", f"float@{loop}")
            if loop:
                self._terminal(f"running:{loop}", f"{loop}@{loop}")
            for number in ("int", "float"):
                self.constants[self.kind(number, loop)] = Constant(number)
        for name in {*self.loops, self.blocks.returns} - set(PLAIN):
            self._add(f"baked:{name}", [f"{name}@"], f"{name}@")
        for name in self.blocks.arguments:
            self._terminal(f"argument:{name}", f"argument:{name}")
        self.constants[self._kind("count")] = COUNTS
        self.constants[self._kind("seed")] = Constant("seed", 0, SEEDS)
        self._measure()

    @property
    def loops(self) -> tuple[str, ...]:
        """The types that some block turns into themselves: what a loop can carry."""
        found = {b.returns: None for b in self.blocks.primitives if any(p.type == b.returns for p in b.parameters)}
        return tuple(name for name in found if name not in PLAIN)

    @property
    def root(self) -> type:
        """The kind of a whole program."""
        return self.kind(self.blocks.returns)

    def kind(self, type_name: str, loop: str = "") -> type:
        """Return the DEAP type of a value, inside the body of a loop over type `loop` or outside of all loops."""
        return self._kind(f"{type_name}@{loop}")

    def kind_named(self, name: str) -> type:
        """Return the DEAP type of that internal name, such as "seed" or "count"."""
        return self._kinds[name]

    def node(self, name: str) -> Any:
        """Return a node by its internal name, such as "polish@", "loop:Circles@" or "running:Circles"."""
        return self._made[name]

    def has(self, name: str) -> bool:
        """Tell whether there is a node of that internal name."""
        return name in self._made

    def literal(self, kind: type, value: float) -> Any:
        """Return a constant."""
        return gp.Terminal(value, False, kind)

    def grow(self, kind: type, size: int, rng: Generator) -> Nodes:
        """Return a random tree of that kind with at most about `size` nodes (more where the types need more)."""
        if kind in self.constants and (kind not in self.pset.primitives or not self._open(kind)):
            return [self.literal(kind, self.constants[kind].draw(rng))]
        leaves: list[Any] = list(self.pset.terminals[kind])
        if kind in self.constants:
            leaves.append(None)
        inner = [p for p in self._open(kind) if self._least_of(p) <= size]
        if leaves and (not inner or rng.random() < 1.0 / (1.0 + size / 4.0)):
            leaf = leaves[int(rng.integers(len(leaves)))]
            return [leaf if leaf is not None else self.literal(kind, self.constants[kind].draw(rng))]
        if not inner:
            inner = [min(self._open(kind), key=self._least_of)]
        return self._grow_inner(inner[int(rng.integers(len(inner)))], size, rng)

    def _grow_inner(self, node: Any, size: int, rng: Generator) -> Nodes:
        spare = max(0, size - self._least_of(node))
        shares = [int(s) for s in rng.multinomial(spare, [1 / node.arity] * node.arity)] if node.arity else []
        nodes = [node]
        for argument, share in zip(node.args, shares, strict=True):
            if node.name.startswith("loop:") and argument is node.args[2]:
                nodes += self.step(node.name.split(":")[1].split("@")[0], share + self._least[argument], rng)
            else:
                nodes += self.grow(argument, share + self._least[argument], rng)
        return nodes

    def step(self, name: str, size: int, rng: Generator) -> Nodes:
        """Return the body of a loop over type `name`: a tree that uses the running value.

        Where a block picks one of two such values (`T, T -> T`), half of the bodies keep the running value that way.
        """
        kind, running = self.kind(name, name), self.node(f"running:{name}")
        body = [running]
        for _ in range(8):
            grown = self.grow(kind, max(size, self._least[kind] + 2), rng)
            if len(grown) > 1 and running in grown:
                body = grown
                break
        pickers = [
            b for b in self.blocks.primitives if [p.type for p in b.parameters] == [name, name] == [b.returns] * 2
        ]
        if pickers and rng.random() < 0.7:
            picker = self.node(f"{pickers[int(rng.integers(len(pickers)))].name}@{name}")
            body = [picker, running, *body]
        return body

    def least(self, kind: type) -> int:
        """Return the size of the smallest tree of a kind."""
        return self._least[kind]

    def _open(self, kind: type) -> list[Any]:
        return [p for p in self.pset.primitives[kind] if not p.name.startswith("baked:") and self._least_of(p) < 10**6]

    def _least_of(self, node: Any) -> int:
        return 1 + sum(self._least.get(kind, 10**6) for kind in node.args)

    def _kind(self, name: str) -> type:
        if name not in self._kinds:
            self._kinds[name] = type(name, (), {})
        return self._kinds[name]

    def _slot(self, parameter: Parameter, loop: str) -> str:
        if parameter.type == "seed":
            return "seed"
        if self.blocks.arguments.get(parameter.name) == parameter.type and parameter.type in PLAIN:
            return f"argument:{parameter.name}"
        if parameter.type in ("int", "float") and math.isfinite(parameter.high - parameter.low):
            name = f"{parameter.type} {parameter.low} {parameter.high} {parameter.log}"
            self.constants.setdefault(
                self._kind(name), Constant(parameter.type, parameter.low, parameter.high, parameter.log)
            )
            return name
        return f"{parameter.type}@{loop}"

    def _block(self, block: Primitive, loop: str) -> None:
        arguments = [self._slot(p, loop) for p in block.parameters]
        self._add(f"{block.name}@{loop}", arguments, f"{block.returns}@{loop}")

    def _add(self, name: str, arguments: Sequence[str], returns: str) -> None:
        self.pset.addPrimitive(name, [self._kind(a) for a in arguments], self._kind(returns), name=name)
        self._made[name] = self.pset.mapping[name]

    def _terminal(self, name: str, kind: str) -> None:
        self.pset.addTerminal(name, self._kind(kind), name=name)
        self._made[name] = self.pset.mapping[name]

    def _measure(self) -> None:
        for kind in self._kinds.values():
            if kind in self.constants or self.pset.terminals[kind]:
                self._least[kind] = 1
        for _ in range(len(self._kinds)):
            for kind in self._kinds.values():
                sizes = [self._least_of(p) for p in self.pset.primitives[kind] if not p.name.startswith("baked:")]
                if sizes and min(sizes) < self._least.get(kind, 10**6):
                    self._least[kind] = min(sizes)

"""Typed building blocks that a problem lends to operators, and the fuel that meters them.

A problem's `primitives.py` holds ordinary annotated functions under `@primitive`. Candidates import them; operators
read their types. Each call costs counted units (fuel), so a score does not depend on how fast the machine is: when
the fuel is gone the program ends and is judged on the best value it has shown.

This module runs on the candidate's side of the border, so it uses the standard library only.
"""

from __future__ import annotations

import functools
import inspect
import math
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

__all__ = [
    "Fuel",
    "FuelExhausted",
    "Parameter",
    "Primitive",
    "PrimitiveSet",
    "Range",
    "Seed",
    "meter",
    "primitive",
    "unmetered",
]

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a number that operators may choose, both ends included.

    Args:
        low: smallest value.
        high: largest value.
        log: search on a logarithmic scale (low must be > 0).
    """

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True)
class _SeedMark:
    """Marks an integer as the seed of a random source."""


Seed = Annotated[int, _SeedMark()]
"""An integer that selects a random stream: every value is as good as another."""


class FuelExhausted(BaseException):
    """The program has used all its counted units. Not an Exception, so that no candidate catches it by accident."""


class Fuel:
    """The meter of one candidate process: units left, and the best value shown so far.

    Args:
        units: how many counted units there are; infinity switches the meter off.
    """

    def __init__(self, units: float = math.inf) -> None:
        self.units = units
        self.used = 0.0
        self.best: Any = None
        self.best_score = -math.inf

    def charge(self, units: float) -> None:
        """Use units.

        Raises:
            FuelExhausted: there were not enough left; then none are.
        """
        if self.used + units > self.units:
            self.used = self.units
            raise FuelExhausted
        self.used += units

    def show(self, value: Any, score: float) -> None:
        """Remember a value as the answer if the fuel ends now, when its score (higher is better) is the best so far."""
        if score > self.best_score:
            self.best, self.best_score = value, score


meter = Fuel()
"""The meter of this process. The sandbox calls `meter.__init__(units)` before each call into a candidate."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a primitive.

    Args:
        name: its name.
        type: name of its type: "int", "float", "seed", or a type of the problem's own such as "Points".
        low: smallest value of a number; -inf when free.
        high: largest value of a number; inf when free.
        log: search on a logarithmic scale.
    """

    name: str
    type: str
    low: float = -math.inf
    high: float = math.inf
    log: bool = False


@dataclass(frozen=True, slots=True)
class Primitive:
    """One building block, described as plain data.

    Args:
        name: function name.
        parameters: its arguments in order.
        returns: name of its result type.
        cost: counted units of one call.
        doc: first line of its docstring.
    """

    name: str
    parameters: tuple[Parameter, ...]
    returns: str
    cost: float
    doc: str = ""

    def is_source(self, instance_types: Mapping[str, str]) -> bool:
        """Tell whether it makes a value out of numbers, seeds and instance parameters alone."""
        plain = {"int", "float", "seed", *instance_types.values()}
        return self.returns not in plain and all(p.type in plain for p in self.parameters)


@dataclass(frozen=True, slots=True)
class PrimitiveSet:
    """The building blocks of a problem, and the signature of the program to be built from them.

    Args:
        module: the name a program imports them from.
        primitives: the blocks.
        entry: name of the entry function.
        arguments: its arguments: type name by argument name, such as {"n": "int"}.
        returns: name of its result type.
        choices: the texts that a literal may be, by the name of its type, such as {"Predicate": ("on", "clear")}.
        commutative: blocks that take their arguments in any order.
    """

    module: str
    primitives: tuple[Primitive, ...]
    entry: str
    arguments: Mapping[str, str]
    returns: str
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    commutative: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash((self.module, self.entry, self.returns, len(self.primitives)))

    def __getitem__(self, name: str) -> Primitive:
        for block in self.primitives:
            if block.name == name:
                return block
        raise KeyError(name)

    def returning(self, type_name: str) -> tuple[Primitive, ...]:
        """Return the blocks whose result has that type."""
        return tuple(block for block in self.primitives if block.returns == type_name)


def primitive(*, cost: float = 0.05, memo: bool = True) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare a function as a building block.

    The call is metered: it charges `cost` units first. A pure function (the default) is remembered within one
    candidate process, so the same call again costs a twentieth of it and no time.

    Args:
        cost: counted units per call, > 0: 0.05 for arithmetic, 1 for about ten milliseconds of work.
        memo: False when the function is not a pure function of its arguments.

    Returns:
        A decorator that keeps the function's signature.
    """
    if not cost > 0:
        raise ValueError(f"a primitive's cost must be > 0, not {cost}")

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        known: dict[bytes, R] = {}

        @functools.wraps(function)
        def metered(*args: P.args, **kwargs: P.kwargs) -> R:
            key = pickle.dumps((args, sorted(kwargs.items()))) if memo else b""
            if memo and key in known:
                meter.charge(cost / 20)
                return known[key]
            meter.charge(cost)
            result = function(*args, **kwargs)
            if memo:
                known[key] = result
            return result

        metered.__primitive_cost__ = cost  # type: ignore[attr-defined]
        metered.__primitive_function__ = function  # type: ignore[attr-defined]
        return metered

    return decorate


def unmetered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what a primitive computes, without its meter."""
    found: Callable[..., Any] = getattr(function, "__primitive_function__", function)
    return found


def describe(function: Callable[..., Any]) -> Primitive:
    """Read a decorated function's name, typed arguments and cost.

    Raises:
        TypeError: an argument or the result has no annotation.
    """
    hints = get_type_hints(function, include_extras=True)
    parameters = []
    for name in inspect.signature(function).parameters:
        if name not in hints:
            raise TypeError(f"primitive {function.__name__!r}: argument {name!r} has no type annotation")
        parameters.append(_parameter(name, hints[name]))
    if "return" not in hints:
        raise TypeError(f"primitive {function.__name__!r} has no return annotation")
    doc = (function.__doc__ or "").strip().split("\n")[0]
    cost = float(getattr(function, "__primitive_cost__", 0.05))
    return Primitive(function.__name__, tuple(parameters), _type_name(hints["return"]), cost, doc)


def _parameter(name: str, hint: Any) -> Parameter:
    bounds = Range(-math.inf, math.inf)
    if get_origin(hint) is Annotated:
        for extra in get_args(hint)[1:]:
            if isinstance(extra, Range):
                bounds = extra
    return Parameter(name, _type_name(hint), bounds.low, bounds.high, bounds.log)


def _type_name(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        base, *extras = get_args(hint)
        if any(isinstance(extra, _SeedMark) for extra in extras):
            return "seed"
        return _type_name(base)
    return str(getattr(hint, "__name__", hint))

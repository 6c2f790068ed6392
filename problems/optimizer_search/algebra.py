"""Rewriting of expressions: school algebra, and what is true of signs, absolute values, roots and lengths.

Rewrites hold for real numbers, away from the edges: the 1e-8 that division adds counts as nothing, a quotient of equals
as 1, and a sign times its absolute value as the number itself. The learning rate counts as positive.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from evolve_problems.optimizer_search.nodes import Node, Table, monomial, terms, value

__all__ = ["Algebra"]

_EVEN = frozenset(["cos", "cosh", "log", "log1p"])
_ODD = frozenset(["sin", "tan", "arcsin", "arctan", "sinh", "tanh", "arcsinh", "arctanh", "cbrt"])
_LIKE_SIGN = frozenset(["arcsin", "arctan", "sinh", "tanh", "arcsinh", "arctanh", "cbrt", "expm1"])
_NOT_NEGATIVE = frozenset(["absolute", "sqrt", "exp", "cosh", "norm", "log1p", "power", "arccos"])
_UNDONE = {"sinh": "arcsinh", "arcsinh": "sinh", "tan": "arctan", "log": "exp"}
_OF_VECTORS = frozenset(["norm", "dot", "cosine_similarity"])
_POSITIVE = "lr"
_AVERAGED = frozenset(["g", "v1", "v2", "m", "v"])


class Algebra:
    """Builds expressions in normal form.

    Args:
        functions: the primitives, to compute what is constant.
    """

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._functions = functions
        self._table = Table()
        self.variable = self._table.variable
        self.number = self._table.number

    def apply(self, function: str, arguments: Sequence[Node]) -> Node:
        """Return a primitive's value.

        Args:
            function: its name.
            arguments: what it is called with.
        """
        constants = [value(argument) for argument in arguments]
        if None not in constants:
            with np.errstate(all="ignore"):
                found = float(self._functions[function](*constants))
            return self.number(found) if math.isfinite(found) else self._table.call(function, *arguments)
        rule = getattr(self, f"_apply_{function}", None)
        if rule is not None:
            result: Node = rule(*arguments)
            return result
        return self._usual(function, arguments)

    def substitute(self, node: Node, names: Mapping[str, Node], known: dict[Node, Node] | None = None) -> Node:
        """Return an expression with variables replaced.

        Args:
            node: the expression.
            names: what to put for which variable.
            known: results so far, when several expressions share parts.
        """
        known = {} if known is None else known
        if node not in known:
            children = [self.substitute(child, names, known) for child in node.children]
            if node.kind == "variable":
                known[node] = names.get(node.name, node)
            elif node.kind == "call":
                known[node] = self.apply(node.name, children)
            elif node.kind == "product":
                parts = [self.raised(child, int(power)) for child, power in zip(children, node.numbers, strict=True)]
                known[node] = self._all(self.times, parts)
            else:
                parts = [self.scaled(number, child) for number, child in zip(node.numbers[1:], children, strict=True)]
                known[node] = self._all(self.plus, [self.number(node.numbers[0]), *parts])
        return known[node]

    def plus(self, x: Node, y: Node) -> Node:
        """Return x + y; what all terms share as a factor is taken out."""
        constant, parts = terms(x)
        further, others = terms(y)
        for node, number in others.items():
            parts[node] = parts.get(node, 0.0) + number
        return self._sum(constant + further, parts)

    def scaled(self, number: float, x: Node) -> Node:
        """Return a number times x."""
        constant, parts = terms(x)
        return self._sum(number * constant, {node: number * c for node, c in parts.items()} if number else {})

    def times(self, x: Node, y: Node) -> Node:
        """Return x * y."""
        (c, powers), (d, others) = (self._averaged(*monomial(factor)) for factor in (x, y))
        for base, power in others.items():
            powers[base] = powers.get(base, 0) + power
        return self.scaled(c * d, self._table.product(self._cancelled(powers)))

    def raised(self, x: Node, power: int) -> Node:
        """Return x to a whole power."""
        c, powers = monomial(x)
        if c == 0.0:
            return self.number(0.0 if power > 0 else 1.0)
        product = self._table.product(self._cancelled({base: e * power for base, e in powers.items()}))
        return self.scaled(c**power, product)

    # --- sums and products ---------------------------------------------------------------------------------------

    def _all(self, combine: Callable[[Node, Node], Node], parts: Sequence[Node]) -> Node:
        result = parts[0]
        for part in parts[1:]:
            result = combine(result, part)
        return result

    def _sum(self, constant: float, parts: dict[Node, float]) -> Node:
        whole = self._table.sum(constant, parts)
        if whole.kind != "sum" or whole.numbers[0] != 0.0 or len(whole.children) < 2:
            return whole
        shared = dict(monomial(whole.children[0])[1])
        for child in whole.children[1:]:
            powers = monomial(child)[1]
            shared = {base: min(e, powers[base]) for base, e in shared.items() if e > 0 and powers.get(base, 0) > 0}
        if not shared:
            return whole
        rest: dict[Node, float] = {}
        constant = 0.0
        for child, number in zip(whole.children, whole.numbers[1:], strict=True):
            powers = {base: e - shared.get(base, 0) for base, e in monomial(child)[1].items()}
            left = self._table.product(powers)
            if value(left) is None:
                rest[left] = rest.get(left, 0.0) + number
            else:
                constant += number
        return self.times(self._table.product(shared), self._sum(constant, rest))

    def _averaged(self, number: float, powers: dict[Node, int]) -> tuple[float, dict[Node, int]]:
        """Write a sum of gradient and slots among some factors as a number times their average."""
        found: dict[Node, int] = {}
        for base, power in powers.items():
            constant, parts = terms(base)
            total = sum(parts.values())
            plain = all(node.kind == "variable" and node.name in _AVERAGED for node in parts)
            if len(parts) > 1 and plain and not constant and abs(total) > 1e-6:
                number *= total**power
                base = self.scaled(1.0 / total, base)
            found[base] = found.get(base, 0) + power
        return number, found

    def _cancelled(self, powers: dict[Node, int]) -> dict[Node, int]:
        """Return powers without signs, roots and absolute values that undo each other."""
        result: dict[Node, int] = {}

        def put(base: Node, power: int) -> None:
            result[base] = result.get(base, 0) + power

        for base, power in powers.items():
            name, inner = (base.name, base.children[0]) if base.kind == "call" else ("", base)
            if name == "sign":
                put(base, power % 2)
            elif name == "absolute" and power % 2 == 0:
                put(inner, power)
            elif name == "sqrt" and abs(power) > 1:
                put(self._apply_absolute(inner), int(power / 2))
                put(base, power - 2 * int(power / 2))
            else:
                put(base, power)
        for base in list(result):
            if base.kind != "call" or base.name not in ("absolute", "sign") or not result.get(base, 0) % 2:
                continue
            inner, power = base.children[0], result[base]
            if base.name == "absolute" and result.get(inner, 0) % 2 and result[inner] * power < 0:
                whole = result.pop(inner) + result.pop(base)  # x/|x| is a sign
                put(inner, whole)
                put(self._table.call("sign", inner), 1)
            elif base.name == "sign" and result.get(length := self._table.call("absolute", inner), 0) % 2:
                result.pop(base)
                put(inner, result.pop(length))
        if any(base.kind == "product" or value(base) is not None for base in result):
            return dict(monomial(self._all(self.times, [self.raised(base, e) for base, e in result.items()]))[1])
        return {base: e for base, e in result.items() if e}

    # --- the primitives ------------------------------------------------------------------------------------------

    def _usual(self, function: str, arguments: Sequence[Node]) -> Node:
        first = arguments[0]
        negative = monomial(first)[0] < 0.0
        if function in _UNDONE and first.kind == "call" and first.name == _UNDONE[function]:
            return first.children[0]
        if function in _EVEN:
            first = self._unsigned(first)
            return self._table.call(function, first)
        if function in _ODD and negative:
            return self.scaled(-1.0, self._table.call(function, self.scaled(-1.0, first)))
        return self._table.call(function, *arguments)

    def _apply_add(self, x: Node, y: Node) -> Node:
        return self.plus(x, y)

    def _apply_subtract(self, x: Node, y: Node) -> Node:
        return self.plus(x, self.scaled(-1.0, y))

    def _apply_multiply(self, x: Node, y: Node) -> Node:
        return self.times(x, y)

    def _apply_divide(self, x: Node, y: Node) -> Node:
        constant = value(y)
        if constant is not None:
            return self.scaled(float(self._functions["divide"](1.0, constant)), x)
        return self.times(x, self.raised(y, -1))

    def _apply_reciprocal(self, x: Node) -> Node:
        return self.raised(x, -1)

    def _apply_square(self, x: Node) -> Node:
        return self.raised(x, 2)

    def _apply_cube(self, x: Node) -> Node:
        return self.raised(x, 3)

    def _apply_interp(self, x: Node, y: Node, a: Node) -> Node:
        constant = value(a)
        if constant is not None:
            return self.plus(self.scaled(1.0 - constant, x), self.scaled(constant, y))
        return self.plus(x, self.times(a, self._apply_subtract(y, x)))

    def _apply_power(self, x: Node, y: Node) -> Node:
        constant = value(y)
        if constant is None:
            return self._table.call("power", self._unsigned(x), y)
        if constant == 0.5:
            return self._apply_sqrt(x)
        if constant.is_integer() and abs(constant) <= 6:
            return self.raised(self._apply_absolute(x), int(constant))
        return self._table.call("power", self._unsigned(x), y)

    def _apply_sqrt(self, x: Node) -> Node:
        c, powers = monomial(x)
        parts = [self.number(math.sqrt(abs(c)))]
        for base, power in powers.items():
            half = int(power / 2)
            parts.append(self.raised(self._apply_absolute(base), half))
            if power - 2 * half:
                parts.append(self.raised(self._table.call("sqrt", self._unsigned(base)), power - 2 * half))
        return self._all(self.times, parts)

    def _apply_cbrt(self, x: Node) -> Node:
        c, powers = monomial(x)
        root = math.copysign(abs(c) ** (1 / 3), c)
        if all(power % 3 == 0 for power in powers.values()):
            return self.scaled(root, self._table.product({base: power // 3 for base, power in powers.items()}))
        return self.scaled(root, self._table.call("cbrt", self._table.product(powers)))

    def _apply_absolute(self, x: Node) -> Node:
        c, powers = monomial(x)
        parts = [self.number(abs(c))]
        for base, power in powers.items():
            if base.kind == "call" and base.name == "sign":
                continue
            plain = power % 2 == 0 or self._not_negative(base)
            parts.append(self.raised(base if plain else self._table.call("absolute", base), power))
        return self._all(self.times, parts)

    def _apply_sign(self, x: Node) -> Node:
        c, powers = monomial(x)
        parts = [self.number(math.copysign(1.0, c))]
        for base, power in powers.items():
            if power % 2 == 0 or self._not_negative(base):
                continue
            if base.kind == "call" and base.name == "sign":
                parts.append(base)
            elif base.kind == "call" and base.name in _LIKE_SIGN:
                parts.append(self._apply_sign(base.children[0]))
            else:
                parts.append(self._sign_of_sum(base))
        return self._all(self.times, parts)

    def _sign_of_sum(self, x: Node) -> Node:
        """Return the sign of an expression, whose coefficients are made to sum to 1."""
        constant, parts = terms(x)
        total = sum(parts.values())
        if constant or len(parts) < 2 or abs(total) < 1e-6:
            return self._table.call("sign", x)
        plain = self._table.call("sign", self.scaled(1.0 / total, x))
        return plain if total > 0 else self.scaled(-1.0, plain)

    def _apply_exp(self, x: Node) -> Node:
        if x.kind == "call" and x.name == "log":
            return self._apply_absolute(x.children[0])
        return self._table.call("exp", x)

    def _apply_maximum(self, x: Node, y: Node) -> Node:
        return x if x is y else self._table.call("maximum", *sorted((x, y), key=lambda node: node.serial))

    def _apply_minimum(self, x: Node, y: Node) -> Node:
        return x if x is y else self._table.call("minimum", *sorted((x, y), key=lambda node: node.serial))

    def _apply_norm(self, x: Node) -> Node:
        if self._is_scalar(x):
            return self._apply_absolute(x)
        c, powers = monomial(x)
        return self.scaled(abs(c), self._table.call("norm", self._table.product(powers)))

    def _apply_dot(self, x: Node, y: Node) -> Node:
        if self._is_scalar(x) and self._is_scalar(y):
            return self.times(x, y)
        (c, powers), (d, others) = monomial(x), monomial(y)
        left, right = sorted((self._table.product(powers), self._table.product(others)), key=lambda node: node.serial)
        if left is right:
            return self.scaled(c * d, self.raised(self._apply_norm(left), 2))
        return self.scaled(c * d, self._table.call("dot", left, right))

    def _apply_cosine_similarity(self, x: Node, y: Node) -> Node:
        (c, powers), (d, others) = monomial(x), monomial(y)
        left, right = sorted((self._table.product(powers), self._table.product(others)), key=lambda node: node.serial)
        sign = math.copysign(1.0, c) * math.copysign(1.0, d)
        return (
            self.number(sign)
            if left is right
            else self.scaled(sign, self._table.call("cosine_similarity", left, right))
        )

    def _apply_clip_by_norm(self, x: Node, limit: Node) -> Node:
        return self._table.call("clip_by_norm", x, self._unsigned(limit))

    # --- what is known of an expression --------------------------------------------------------------------------

    def _unsigned(self, x: Node) -> Node:
        """Return x or -x or |x|'s inside, whichever is simplest: for functions of |x|."""
        if x.kind == "call" and x.name == "absolute":
            return x.children[0]
        return self.scaled(-1.0, x) if monomial(x)[0] < 0.0 else x

    def _not_negative(self, x: Node) -> bool:
        constant = value(x)
        if constant is not None:
            return constant >= 0.0
        if x.kind == "variable":
            return x.name == _POSITIVE
        if x.kind == "call":
            return x.name in _NOT_NEGATIVE
        if x.kind == "product":
            pairs = zip(x.children, x.numbers, strict=True)
            return all(power % 2 == 0 or self._not_negative(base) for base, power in pairs)
        return all(number >= 0.0 for number in x.numbers) and all(self._not_negative(child) for child in x.children)

    def _is_scalar(self, x: Node) -> bool:
        if x.kind == "variable":
            return x.name == _POSITIVE
        if x.kind == "call" and x.name in _OF_VECTORS:
            return True
        return all(self._is_scalar(child) for child in x.children)

"""Update rules as formulas, in plain text and in LaTeX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evolve_problems.optimizer_search.nodes import Node, monomial, value
from evolve_problems.optimizer_search.normal_form import NormalForm, parts_of, regrouped

__all__ = ["LATEX", "PLAIN", "Style", "formula"]


@dataclass(frozen=True)
class Style:
    """How formulas are set.

    Args:
        names: of variables.
        calls: templates of functions that have a sign of their own; `other` is for the rest.
        other: template of any other function, with its name and its arguments.
        times: between factors.
        fraction: template with what is above and what is below.
        power: template with base and exponent.
        becomes: arrow.
        minus: sign.
        prime: template of a new value, with the old name.
    """

    names: Mapping[str, str]
    calls: Mapping[str, str]
    other: str
    times: str
    fraction: str
    power: str
    becomes: str
    minus: str
    prime: str


PLAIN = Style(
    names={"lr": "η"},
    calls={"absolute": "|{}|", "sqrt": "√({})", "norm": "‖{}‖", "dot": "⟨{}, {}⟩", "exp": "exp({})", "log": "log|{}|"},
    other="{}({})",
    times="·",
    fraction="{} / {}",
    power="{}^{}",
    becomes="←",
    minus="−",
    prime="{}′",
)
"""For terminals."""

LATEX = Style(
    names={"lr": r"\eta"},
    calls={
        "absolute": r"\left|{}\right|",
        "sqrt": r"\sqrt{{{}}}",
        "norm": r"\left\|{}\right\|",
        "dot": r"\left\langle {}, {}\right\rangle",
        "log": r"\log\left|{}\right|",
    },
    other=r"\operatorname{{{}}}\left({}\right)",
    times=r" \, ",
    fraction=r"\frac{{{}}}{{{}}}",
    power="{}^{{{}}}",
    becomes=r"\leftarrow",
    minus="-",
    prime="{}'",
)
"""For papers."""


def formula(rule: NormalForm, style: Style = PLAIN) -> str:
    """Return what happens in a step, one assignment a line. All lines of arrows happen at once.

    Args:
        rule: what to write.
        style: how.
    """
    setter = _Setter(style)
    lines, moves = [], []
    nexts = list(rule.slots.values())
    for name, node in rule.slots.items():
        text = setter.text(node)
        if any(_holds(part, node) for end in (*nexts, rule.update) if end is not node for part in parts_of(end)):
            new = style.prime.format(name)
            lines.append(f"{new} = {text}")
            setter.known[node] = text = new
        moves.append(f"{name} {style.becomes} {text}")
    step = setter.text(rule.update, factor=True)
    return "\n".join([*lines, f"w {style.becomes} w {style.minus} {step}", *moves])


def _holds(part: Node, whole: Node) -> bool:
    """Tell whether an expression is a whole, or a sum that a multiple of it is part of."""
    return part is whole or (part.kind == "sum" and any(child is whole for child, _ in regrouped(part, [whole])))


@dataclass
class _Setter:
    """Sets expressions; `known` has names of parts that have one."""

    style: Style
    known: dict[Node, str] = field(default_factory=dict)

    def text(self, node: Node, factor: bool = False) -> str:
        """Return an expression, a sum in brackets where it is a factor or is subtracted."""
        if node in self.known:
            return self.known[node]
        number = value(node)
        if number is not None:
            return _number(number)
        if node.kind == "variable":
            return self.style.names.get(node.name, node.name)
        if node.kind == "call":
            arguments = [self.text(child) for child in node.children]
            if node.name in self.style.calls:
                return self.style.calls[node.name].format(*arguments)
            return self.style.other.format(node.name.replace("_", " "), ", ".join(arguments))
        if node.kind == "product" or (len(node.children) == 1 and not node.numbers[0]):
            return self._product(*monomial(node))
        written = self._sum(node)
        return f"({written})" if factor else written

    def _sum(self, node: Node) -> str:
        constant = node.numbers[0]
        pairs = sorted(regrouped(node, self.known), key=lambda pair: (pair[1] < 0.0, -abs(pair[1])))
        if len(pairs) == 1 and not constant:
            return self._scaled(pairs[0][1], pairs[0][0])
        parts = [self._scaled(number, child) for child, number in pairs[:1]]
        for child, number in pairs[1:]:
            parts.append(f"{self.style.minus if number < 0 else '+'} {self._scaled(abs(number), child)}")
        if constant:
            parts.append(f"{self.style.minus if constant < 0 else '+'} {_number(abs(constant))}")
        return " ".join(parts)

    def _scaled(self, number: float, node: Node) -> str:
        return self._product(number, {node: 1} if node in self.known else monomial(node)[1])

    def _product(self, number: float, powers: Mapping[Node, int]) -> str:
        bases = sorted(powers, key=lambda base: (base.kind != "variable", base.kind == "sum"))
        above = [self._power(base, powers[base]) for base in bases if powers[base] > 0]
        below = [self._power(base, -powers[base]) for base in bases if powers[base] < 0]
        if number == -1.0 and above:
            above[0] = f"{self.style.minus}{above[0]}"
        elif number != 1.0 or not above:
            above.insert(0, _number(number))
        top = self.style.times.join(above)
        if not below:
            return top
        bottom = self.style.times.join(below)
        if self.style is PLAIN and len(below) > 1:
            bottom = f"({bottom})"
        return self.style.fraction.format(top, bottom)

    def _power(self, base: Node, power: int) -> str:
        text = self.text(base, factor=True)
        return text if power == 1 else self.style.power.format(text, power)


def _number(number: float) -> str:
    return f"{number:.4g}"

"""What a heuristic is, for people: a short form of its program, and its searches beside those of known heuristics."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from evolve_problems._shared.formula import Language, formula, simplify
from evolve_problems._shared.planning import SearchResult, search
from evolve_problems.planning_heuristics import primitives
from evolve_problems.planning_heuristics.tasks import (
    KnownTask,
    known_task,
    label,
    practice,
    training_ladder,
    validation_tasks,
)

from evolve.straight import Argument, NotStraight, Signature, StraightProgram, check

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["KNOWN", "baselines", "explanation", "read_heuristic", "scatter"]

ENTRY = "heuristic(state: State) -> float"
KNOWN = {"goal count": "goal_count", "h_add": "h_add", "h_FF": "h_ff"}
"""Names of the heuristics to compare with, as people and `baselines.json` call them."""


@functools.cache
def baselines(domain: str) -> Mapping[str, Mapping[str, Sequence[int]]]:
    """Return what known heuristics need, as `baseline.py` has measured it.

    Returns:
        For each task and heuristic, expansions and steps of the plan; a heuristic is left out where it found no plan.
    """
    text = (Path(__file__).parent / "baselines.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Sequence[int]]] = json.loads(text)["domains"].get(domain, {})
    return found


class _Heuristic:
    """A straight-line heuristic that runs in this process.

    Args:
        program: as it was read.
        language: that it is written in.
    """

    def __init__(self, program: StraightProgram, language: Language) -> None:
        self.program = program
        self._function = language.run(program)

    def order(self, domain: str) -> list[bytes] | None:
        """Return in which order it puts the states of the tiny tasks, or None where a value is not finite."""
        found = []
        for batch in practice(domain).batches:
            values = np.broadcast_to(np.asarray(self._function(batch), dtype=np.float64), (batch.states,))
            if not np.isfinite(values).all():
                return None
            found.append(np.unique(values, return_inverse=True)[1].tobytes())
        return found

    def solve(self, known: KnownTask, most: int) -> SearchResult:
        """Search with it."""

        def estimates(states: list[int]) -> list[float]:
            values = np.asarray(self._function(known.batch(states)), dtype=np.float64)
            found: list[float] = np.broadcast_to(values, (len(states),)).tolist()
            return found

        return search(known.task, estimates, most)


def read_heuristic(source: str, domain: str) -> tuple[_Heuristic, _Heuristic] | None:
    """Return a straight-line program and its short form, or None when it is another kind of program.

    The short form puts all states of the tiny tasks into the same order.
    """
    language = Language(primitives, ENTRY)
    language.blocks = replace(language.blocks, choices=primitives.choices(domain, estimates=True))
    signature = Signature(language.blocks)
    program = language.read(source)
    if program is None:
        return None
    found, program = _Heuristic(program, language), _computed_once(program)
    order = found.order(domain)

    def same(changed: StraightProgram) -> bool:
        try:
            check(changed, signature)
        except NotStraight:
            return False
        return _Heuristic(changed, language).order(domain) == order

    return found, _Heuristic(simplify(program, same), language)


def _computed_once(program: StraightProgram) -> StraightProgram:
    """Return a program that computes nothing twice.

    Args:
        program: gives each name one value.
    """
    names: dict[Argument, Argument] = {}
    made: dict[tuple[str, tuple[Argument, ...]], str] = {}
    kept = []
    for statement in program.statements:
        statement = replace(
            statement, arguments=tuple(names.get(argument, argument) for argument in statement.arguments)
        )
        first = made.setdefault((statement.function, statement.arguments), statement.target)
        if first == statement.target:
            kept.append(statement)
        names[statement.target] = first
    return replace(program, statements=tuple(kept), results=tuple(names.get(one, one) for one in program.results))


def explanation(source: str, domain: str, expansions: int) -> str:
    """Return a text about a heuristic.

    Args:
        source: the program.
        domain: of the tasks.
        expansions: most that a search may expand.
    """
    read = read_heuristic(source, domain)
    if read is None:
        return "The program is free Python, so there is no short form of it, and no table is made of its searches here."
    found, short = read
    before, after = len(found.program.statements), len(short.program.statements)
    lines = [
        f"{before} statements were found; {after} of them order all states of the tiny tasks in the same way:",
        "",
        formula(short.program),
        "",
        f"Expansions of greedy best-first search, at most {expansions}; - where it found no plan:",
        "",
        f"{'task':>12}  {'found':>8}  {'short':>8}" + "".join(f"  {name:>10}" for name in KNOWN),
    ]
    known = baselines(domain)
    tasks = [*training_ladder(domain), *validation_tasks(domain)]
    solved = dict.fromkeys(("found", "short", *KNOWN), 0)
    for size, seed in tasks:
        row = {
            "found": _expanded(found.solve(known_task(domain, size, seed), expansions)),
            "short": _expanded(short.solve(known_task(domain, size, seed), expansions)),
        }
        measured = known.get(label(size, seed), {})
        row |= {name: measured.get(key, [None])[0] for name, key in KNOWN.items()}
        row = {name: value if value is not None and value <= expansions else None for name, value in row.items()}
        for name, value in row.items():
            solved[name] += value is not None
        lines.append(_line(label(size, seed), {name: "-" if value is None else value for name, value in row.items()}))
    lines.append(_line(f"of {len(tasks)}", solved))
    return "\n".join(lines)


def _expanded(found: SearchResult) -> int | None:
    return found.expansions if found.status == "solved" else None


def _line(name: str, row: Mapping[str, Any]) -> str:
    known = "".join(f"  {row[one]:>10}" for one in KNOWN)
    return f"{name:>12}  {row['found']:>8}  {row['short']:>8}{known}"


def scatter(domain: str, runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Return a picture: expansions of a heuristic against those of h_FF, task by task, both logarithmic.

    Args:
        domain: of the tasks.
        runs: searches as solutions hold them, by the name of their split; what was not solved lies on the outer line.
    """
    from matplotlib.figure import Figure

    known = baselines(domain)
    edge = 2.0 * max((run["most"] for found in runs.values() for run in found), default=1)
    figure = Figure(figsize=(6.0, 6.0), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([1, edge], [1, edge], color="#999999", linewidth=0.8)
    for level in (axes.axhline, axes.axvline):
        level(edge, color="#999999", linewidth=0.8, linestyle=":")
    for (split, found), colour in zip(runs.items(), ("#1f6f8b", "#d1495b", "#66a182", "#edae49"), strict=False):
        across = [_place(known.get(run["task"], {}).get("h_ff"), edge) for run in found]
        counted = [_place(known.get(run["task"], {}).get("goal_count"), edge) for run in found]
        own = [max(1.0, float(run["expansions"])) if run["solved"] else edge for run in found]
        axes.scatter(across, counted, marker="x", s=24, color=colour, alpha=0.5, label=f"goal count, {split}")
        axes.scatter(across, own, marker="o", s=34, color=colour, label=f"this heuristic, {split}")
    axes.set(xscale="log", yscale="log", xlabel="expansions with h_FF", ylabel="expansions", title=f"{domain}")
    axes.text(edge, 1.0, "not solved ", rotation=90, ha="right", va="bottom", color="#777777", fontsize=8)
    axes.legend(fontsize=8)
    return figure


def _place(measured: Sequence[int] | None, edge: float) -> float:
    return edge if not measured or measured[0] > edge else max(1.0, float(measured[0]))

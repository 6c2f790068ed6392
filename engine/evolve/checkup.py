"""Check a problem folder: load it, judge its seed for real, and try on its judge what bad programs answer."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evolve.evaluation import Limits, Outcome, Status
from evolve.instance import Instance
from evolve.interfaces import Description, Executor, Job
from evolve.problem import Problem, load_problem
from evolve.program import Program
from evolve.registry import Registry
from evolve.run import executor_of
from evolve.wiring import build_parts, facts_of, setup_of

__all__ = ["Show", "check_problem"]

Show = Callable[[str, str], None]
"""Takes a level ("ok", "note" or "FAIL") and one line."""

_INSTANCES = 5
"""So many instances are tried; a benchmark may have thousands."""


async def check_problem(target: str, overrides: Sequence[str], show: Show, registry: Registry | None = None) -> None:
    """Check a problem and show each finding as it comes.

    Args:
        target: a folder, or the name of a shipped problem.
        overrides: `--set` texts.
        show: takes each finding.
        registry: the plugins to use; all installed ones when None.

    Raises:
        EvolveError: the problem does not even load.
    """
    registry = registry or Registry()
    problem = load_problem(target, registry, overrides)
    show("ok", f"problem.toml, {len(problem.seeds)} seed program(s), {len(problem.records)} instance(s) with records")
    executor = executor_of(problem.config, registry)
    try:
        description = await executor.start(setup_of(problem, registry))
        offers = [name for name in ("probe", "verify", "draw", "overview", "explain") if getattr(description, name)]
        names = ", ".join(i.id for i in description.instances[:_INSTANCES])
        count = len(description.instances)
        show("ok", f"evaluate.py: {count} instance(s) ({names}); offers {', '.join(offers) or 'evaluate only'}")
        build_parts(problem.config, registry, facts_of(problem, description, {}))
        show("ok", "plugins and their settings")
        await _Checkup(problem, description, executor, show).run()
    finally:
        await executor.close()


@dataclass
class _Checkup:
    problem: Problem
    description: Description
    executor: Executor
    show: Show

    async def run(self) -> None:
        solution: Any = None
        for number, seed in enumerate(self.problem.seeds):
            for instance in self.description.instances[:_INSTANCES]:
                outcome = await self._judge(f"seed {number} on {instance.id}", seed, instance)
                if outcome is not None and outcome.valid:
                    solution = outcome.solution if solution is None else solution
                    await self._check_solution(outcome.solution, instance)
            await self._check_probe(f"seed {number}", seed)
        await self._try_bad_answers(solution)

    async def _judge(self, what: str, program: Program, instance: Instance) -> Outcome | None:
        result = await self.executor.run(self._job("evaluate", program, instance))
        outcome = result.outcome
        if outcome is None or result.error:
            self.show("FAIL", f"{what}: {result.error}")
        elif not outcome.valid:
            self.show("FAIL", f"{what}: {outcome.status}: {' '.join(outcome.feedback.split())}")
        else:
            self.show("ok", f"{what}: score {outcome.score:.10g} in {outcome.cost.wall_s:.3f} s")
        return outcome

    async def _check_solution(self, solution: Any, instance: Instance) -> None:
        if self.description.verify:
            result = await self.executor.run(Job("verify", instance=instance, payload=solution))
            if result.error or not result.value.confirmed:
                self.show("FAIL", f"exact check on {instance.id}: {result.error or result.value.detail}")
            else:
                self.show("ok", f"exact check on {instance.id}: {result.value.value!r} certified")
        if self.description.draw:
            result = await self.executor.run(Job("draw", instance=instance, payload=solution))
            endings = ", ".join(result.value or ())
            self.show(*(("FAIL", f"draw: {result.error}") if result.error else ("ok", f"draw: {endings}")))

    async def _check_probe(self, what: str, program: Program) -> None:
        if not self.description.probe:
            return
        first, second = [await self.executor.run(self._job("probe", program, None)) for _ in range(2)]
        if first.error:
            self.show("FAIL", f"probe of {what}: {first.error}")
        elif first.value != second.value:
            self.show("FAIL", f"probe of {what}: two answers of one program differ; fix every random source")
        else:
            self.show("ok", f"probe of {what}: the same twice")

    async def _try_bad_answers(self, solution: Any) -> None:
        """Let the judge meet what bad programs answer; only NaN and infinity can never be right."""
        if not self.problem.seeds[0].main.endswith(".py"):
            self.show(
                "note", "bad answers are not tried, for programs are not Python; put programs that cheat in cheats/"
            )
            return
        instance = self.description.instances[0]
        refused = 0
        for name, answer, never_right in _bad_answers(solution):
            result = await self.executor.run(self._job("evaluate", self._answering(answer), instance))
            if result.error or result.outcome is None:
                self.show("FAIL", f"the judge fails on a program that answers {name}: {result.error}")
            elif result.outcome.valid and never_right:
                self.show("FAIL", f"the judge takes {name} for an answer of score {result.outcome.score:.10g}")
            elif result.outcome.valid:
                self.show("note", f"the judge takes {name} for an answer of score {result.outcome.score:.10g}")
            elif result.outcome.status is not Status.INVALID:
                self.show("note", f"a program that answers {name}: {result.outcome.status} {result.outcome.feedback}")
            else:
                refused += 1
        self.show("ok", f"{refused} kinds of bad answers are refused as invalid")

    def _answering(self, answer: str) -> Program:
        """Return a program whose every function gives the same answer."""
        seed = self.problem.seeds[0]
        functions = [node.name for node in ast.parse(seed.text).body if isinstance(node, ast.FunctionDef)]
        entry = self.problem.config.program.entry_name
        names = dict.fromkeys([*functions, *([entry] if entry else [])])
        text = "nan, inf = float('nan'), float('inf')\n"
        return seed.child({seed.main: text + "".join(f"def {n}(*a, **k):\n    return {answer}\n" for n in names)})

    def _job(self, kind: str, program: Program, instance: Instance | None) -> Job:
        limits: Limits = self.problem.config.limits.limits()
        return Job(kind, dict(program.files), program.main, instance, limits)


def _bad_answers(solution: Any) -> list[tuple[str, str, bool]]:
    """Return what bad programs answer: a name, the expression, and whether it can never be right."""
    answers = [
        ("NaN", "nan", True),
        ("infinity", "inf", True),
        ("None", "None", False),
        ("text", "'text'", False),
        ("an empty list", "[]", False),
        ("a deep list", "[[[[1.0]]]]", False),
    ]
    if isinstance(solution, list | Mapping) and solution:
        answers.append(("the seed's answer with NaN in it", repr(_with(solution, math.nan)), True))
        answers.append(("the seed's answer with infinity in it", repr(_with(solution, math.inf)), True))
    if isinstance(solution, list) and solution:
        answers.append(("the seed's answer less one item", repr(solution[:-1]), False))
    return answers


def _with(value: Any, number: float) -> Any:
    """Return plain data with every number replaced."""
    if isinstance(value, Mapping):
        return {key: _with(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [_with(item, number) for item in value]
    return number if isinstance(value, int | float) and not isinstance(value, bool) else value

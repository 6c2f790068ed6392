"""Judge of planning heuristics: how much greedy best-first search has to expand when it follows a candidate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from evolve_problems._shared.planning import DOMAINS, SearchResult, domain_text, generate, search, splits, validate
from evolve_problems.planning_heuristics.tasks import (
    KnownTask,
    allowance,
    known_task,
    label,
    practice,
    training_ladder,
    validation_tasks,
)

from evolve import Candidate, CandidateError, Instance, Outcome, ProblemError, Status, Verdict, strict
from evolve.instance import Split

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = np.ndarray[Any, np.dtype[Any]]

_PRACTICE_SHARE = 0.25
"""The best score of the stage that runs no search: a heuristic that solves something soon beats it."""
_PATIENCE = 2
"""A training ladder is given up after so many tasks in a row that were not solved."""

_settings: dict[str, Any] = {"domain": "blocksworld", "expansions": 4000}


def instances(domain: str = "blocksworld", expansions: int = 4000, estimates: bool = False) -> list[Instance]:
    """Return the practice on tiny tasks, the ladder of training tasks, and tasks for validation and test.

    Args:
        domain: one of the planning domains.
        expansions: most states that a search for a test task may expand; validation has half, and training less, by
            the size of the task.
        estimates: whether programs may call heuristics of planners; `primitives.choices` reads it.
    """
    if domain not in DOMAINS:
        raise ProblemError(f"params.domain is {domain!r}; it is one of {', '.join(DOMAINS)}")
    if type(expansions) is not int or expansions < 16:
        raise ProblemError(f"params.expansions is {expansions!r}; it is a whole number from 16")
    _settings.update(domain=domain, expansions=expansions)
    ladder = training_ladder(domain)
    tasks = [[size, seed, min(expansions, allowance(known_task(domain, size, seed)))] for size, seed in ladder]
    texts = {"domain_text": domain_text(domain), "smallest": generate(domain, *ladder[0])}
    texts["largest"] = generate(domain, *ladder[-1])
    found = [
        Instance("tiny", {"domain": domain}),
        Instance("train", {"domain": domain, "tasks": tasks, **texts}, weight=50.0),
    ]
    for size, seed in validation_tasks(domain):
        found.append(_single("validation", domain, size, seed, expansions // 2))
    for size, seed in splits(domain)["test"]:
        found.append(_single("test", domain, size, seed, expansions))
    return found


def _single(split: Split, domain: str, size: int, seed: int, most: int) -> Instance:
    params = {"domain": domain, "tasks": [[size, seed, most]]}
    return Instance(f"{split}-{label(size, seed)}", params, split=split, weight=50.0)


def evaluate(candidate: Candidate, instance: Instance) -> Outcome:
    """Return how well a heuristic guides search on the tasks of an instance; every plan is checked."""
    if instance.id == "tiny":
        return _practise(candidate, instance.domain)
    runs: list[dict[str, Any]] = []
    for size, seed, most in instance.tasks:
        known = known_task(instance.domain, size, seed)
        found = _search(candidate, known, most, alone=len(instance.tasks) == 1)
        if found.status == "solved":
            fault = validate(domain_text(instance.domain), generate(instance.domain, size, seed), found.plan)
            if fault:
                raise ProblemError(f"{instance.domain} {label(size, seed)}: the search found what is no plan: {fault}")
        runs.append(_run(label(size, seed), found, most))
        if len(instance.tasks) > 1 and not any(run["solved"] for run in runs[-_PATIENCE:]) and len(runs) >= _PATIENCE:
            break
    return _judged(runs, instance)


def _search(candidate: Candidate, known: KnownTask, most: int, *, alone: bool) -> SearchResult:
    """Search with a candidate. Where nothing comes after it, a search that takes too long is one that found no plan."""
    try:
        return search(known.task, _Guide(candidate, known), most)
    except CandidateError as error:
        if error.status is not Status.TIMEOUT or not alone:
            raise
        return SearchResult("limit", (), most, 0)


def _judged(runs: Sequence[Mapping[str, Any]], instance: Instance) -> Outcome:
    count = len(instance.tasks)
    solved = [run for run in runs if run["solved"]]
    score = sum(worth(run) for run in runs) / count
    sums = {name: float(sum(run[name] for run in runs)) for name in ("expansions", "evaluations")}
    length = sum(len(run["plan"]) for run in solved) / max(1, len(solved))
    said = [f"solved {len(solved)} of {count}"]
    said += [f"{run['task']}: {run['expansions']} of {run['most']} expansions, {_end(run)}" for run in runs]
    if len(runs) < count:
        said.append(f"given up after {_PATIENCE} unsolved tasks in a row; larger ones were not tried")
    return Outcome.ok(
        score,
        metrics={"tried": len(runs), **sums},
        measures={
            "solved": len(solved) / count,
            "expansions": math.log10(1.0 + sums["expansions"] / max(1, len(runs))),
            "plan_length": length,
            "evaluations": math.log10(1.0 + sums["evaluations"] / max(1, len(runs))),
        },
        feedback="\n".join(said),
        solution=list(runs),
    )


def worth(run: Mapping[str, Any]) -> float:
    """Return what a search is worth: 0 if it found no plan, else 0.5 to 1, falling with the log of its expansions.

    A search that was cut off says only that it would have taken longer, so its expansions never enter a mean.

    Args:
        run: has "solved", "expansions", and "most", how many were allowed.

    Reference: the agile score of the International Planning Competition, with expansions in place of seconds.
    """
    if not run["solved"]:
        return 0.0
    return 1.0 - 0.5 * math.log(max(1, run["expansions"])) / math.log(run["most"] + 1)


def probe(candidate: Candidate) -> list[list[int]]:
    """Return in which order a heuristic puts stored states: heuristics that agree on it guide search alike."""
    found = []
    for known, states in practice(_settings["domain"]).probes:
        values = _Guide(candidate, known)(list(states))
        found.append(np.unique(values, return_inverse=True)[1].tolist())
    return found


def verify(solution: Any, instance: Instance) -> Verdict:
    """Check plans once more, action by action in the PDDL text; the expansions stay the judge's word."""
    if instance.id == "tiny":
        return Verdict.ok(_PRACTICE_SHARE, "no search was run, so there is no plan to check")
    tasks = {label(size, seed): (size, seed, most) for size, seed, most in instance.params.get("tasks", ())}
    runs = solution if type(solution) is list and all(type(run) is dict for run in solution) else []
    if not runs or [run.get("task") for run in runs] != list(tasks)[: len(runs)]:
        return Verdict.refused("the solution is not a list of searches, one for each task in its order")
    value, valid = 0.0, 0
    for run in runs:
        if run.get("solved") is not True:
            continue
        size, seed, most = tasks[run["task"]]
        steps, expansions = run.get("plan"), run.get("expansions")
        if type(steps) is not list or not all(type(step) is str for step in steps):
            return Verdict.refused(f"task {run['task']}: the plan is not a list of texts")
        if type(expansions) is not int or not 0 <= expansions <= most or run.get("most") != most:
            return Verdict.refused(f"task {run['task']}: {expansions!r} is no number of expansions that is allowed")
        fault = validate(domain_text(instance.domain), generate(instance.domain, size, seed), steps)
        if fault:
            return Verdict.refused(f"task {run['task']}: {fault}")
        valid += 1
        value += worth(run)
    return Verdict.ok(value / len(tasks), f"{valid} plans are valid; expansions are as the judge counted them")


def draw(solution: Any, instance: Instance) -> Figure:
    """Return the expansions of the searches of an instance, and of goal count, against those of h_FF."""
    from evolve_problems.planning_heuristics.report import scatter

    return scatter(instance.domain, {instance.split: solution or []})


def overview(results: Sequence[Mapping[str, Any]]) -> Figure:
    """Return the expansions of all searches of the winner, and of goal count, against those of h_FF."""
    from evolve_problems.planning_heuristics.report import scatter

    runs: dict[str, list[Any]] = {}
    for result in results:
        runs.setdefault(result["instance"].split, []).extend(result["solution"] or [])
    return scatter(_settings["domain"], {split: found for split, found in runs.items() if found})


def explain(files: Mapping[str, str], main: str) -> str:
    """Return what the heuristic computes, and a table of its searches beside those of known heuristics."""
    from evolve_problems.planning_heuristics.report import explanation

    return explanation(files.get(main, ""), _settings["domain"], _settings["expansions"] // 2)


class _Guide:
    """A candidate as `search` asks for it: estimates of many states at once.

    Args:
        candidate: gets a batch when it runs in this process, and else one state after the other.
        known: the task.
    """

    def __init__(self, candidate: Candidate, known: KnownTask) -> None:
        self._candidate = candidate
        self._known = known

    def __call__(self, states: list[int]) -> list[float]:
        if self._candidate.inline:
            return _numbers(self._candidate.call("heuristic", self._known.batch(states)), len(states)).tolist()
        return [_number(self._candidate.call("heuristic", self._known.plain(state))) for state in states]


def _practise(candidate: Candidate, domain: str) -> Outcome:
    """Judge single choices in tiny tasks."""
    known = practice(domain)
    values = []
    for batch, rows in zip(known.batches, known.rows, strict=True):
        if candidate.inline:
            values.append(_numbers(candidate.call("heuristic", batch), batch.states))
        else:
            values.append(np.array([_number(candidate.call("heuristic", task.plain(state))) for task, state in rows]))
    chosen, ordered = known.accuracy(values)
    said = (
        f"in tiny tasks its favourite leads nearer to the goal in {chosen:.1%}, and {ordered:.1%} of pairs are in order"
    )
    score = _PRACTICE_SHARE * (chosen + ordered) / 2
    return Outcome.ok(score, metrics={"choices": chosen, "orders": ordered}, feedback=said)


def _number(answer: Any) -> float:
    return strict.number(answer, "heuristic(state)")


def _numbers(answer: Any, count: int) -> Array:
    """Return the estimates of a batch."""
    values = np.asarray(answer, dtype=np.float64)
    if not np.isfinite(values).all():
        raise strict.Refused("heuristic(state) is not finite; write a large number for a dead end")
    return np.broadcast_to(values, (count,))


def _run(task: str, found: SearchResult, most: int) -> dict[str, Any]:
    """Return a search as plain data."""
    return {
        "task": task,
        "most": most,
        "solved": found.status == "solved",
        "expansions": found.expansions,
        "evaluations": found.evaluations,
        "plan": list(found.plan),
    }


def _end(run: Mapping[str, Any]) -> str:
    return f"a plan of {len(run['plan'])} steps" if run["solved"] else "no plan"

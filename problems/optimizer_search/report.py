"""What a found rule is: short code, a formula, and a table beside tuned AdamW, Lion and momentum."""

from __future__ import annotations

from collections.abc import Sequence

from evolve_problems._shared.training import TrainingTask
from evolve_problems.optimizer_search.formula import LATEX, formula
from evolve_problems.optimizer_search.language import parsed, score_on
from evolve_problems.optimizer_search.rivals import RIVALS
from evolve_problems.optimizer_search.simplify import Simplified, Yardstick, simplify
from evolve_problems.optimizer_search.suites import META10, META100, TRAIN

__all__ = ["explanation", "short_form"]

_TOLERANCE = 0.01


def short_form(source: str, tasks: Sequence[TrainingTask] = TRAIN) -> Simplified:
    """Return a rule in its simplest form, as far as the training tasks of the search tell no difference.

    Args:
        source: a straight-line program.
        tasks: what it is tried on.

    Raises:
        ValueError: it is none.
    """
    return simplify(source, lambda program: Yardstick(program, tasks, _TOLERANCE))


def explanation(source: str, suites: Sequence[Sequence[TrainingTask]] = (TRAIN, META10, META100)) -> str:
    """Return a text for people about a rule.

    Args:
        source: the program that won.
        suites: the tasks of the table; the first are also those that simplifying must not hurt.
    """
    try:
        short = short_form(source, suites[0])
    except ValueError as error:
        return f"No short form: {error}."
    found, live, left = short.statements
    before, after = short.scores
    head = f"{found} statements were found; {live} reach an update; {left} do about the same"
    lines = [
        f"{head} ({before:.4f} on the training tasks, {after:.4f} in short):",
        "",
        short.source,
        "All at once in each step, η is the learning rate; roots and logarithms are of absolute values:",
        "",
        formula(short.form),
        "",
        "In LaTeX:",
        "",
        formula(short.form, LATEX),
        "",
        *_table(source, suites),
    ]
    return "\n".join(lines)


def _table(source: str, suites: Sequence[Sequence[TrainingTask]]) -> list[str]:
    """Return scores by task: 1 is AdamW as in textbooks at its best learning rate."""
    program = parsed(source)
    lines = [f"{'score':20}{'found':>10}" + "".join(f"{name:>10}" for name in RIVALS)]
    for tasks in suites:
        rows = [[score_on(program, t), *(rival.score(t) for rival in RIVALS.values())] for t in tasks]
        lines += [_row(task.id, row) for task, row in zip(tasks, rows, strict=True)]
        lines.append(_row("  mean", [sum(column) / len(rows) for column in zip(*rows, strict=True)]))
    return lines


def _row(name: str, scores: Sequence[float]) -> str:
    return f"{name:20}" + "".join(f"{score:10.3f}" for score in scores)

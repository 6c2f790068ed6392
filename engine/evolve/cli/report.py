"""Summaries for people, as plain lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from evolve.lift import Lift
from evolve.summary import Best, Summary

__all__ = ["distance", "number", "summary_lines", "trial_lines"]

_TIE = 1e-9


def number(value: float | None) -> str:
    """Write a score with all the digits that matter."""
    return "-" if value is None else f"{value:.11g}"


def distance(value: float, known: float, direction: str) -> str:
    """Say how far a value is from the best known one.

    Args:
        value: what was reached.
        known: best published value.
        direction: "maximise" or "minimise".
    """
    gap = value - known if direction == "maximise" else known - value
    if abs(gap) <= _TIE * max(1.0, abs(known)):
        return "equal within 1e-9"
    return f"better by {gap:.3g}" if gap > 0 else f"short by {-gap:.3g}"


def summary_lines(summary: Summary) -> Iterator[str]:
    """Yield the summary of a run: what was found, what it cost, where it lies, how to go on."""
    best = summary.best
    if best is None:
        yield _line("best", "no valid program yet")
    else:
        yield _line("best", _best(best))
        if summary.best_known is not None:
            value = best.claimed if best.certified is None else best.certified
            by = f" ({summary.best_known_by})" if summary.best_known_by else ""
            away = distance(value, summary.best_known, summary.direction)
            yield _line("best known", f"{number(summary.best_known)}{by}: {away}")
    for final in summary.finals:
        which = f"best of {final.finalists} finalists" if final.finalists > 1 else "not seen before"
        yield _line("final", f"{final.stage}: {number(final.score)}, trial {final.trial}, {which}")
    yield _line("search", f"{summary.trials} trials, {summary.evaluations} evaluations, {summary.refused} refused")
    yield _line("reused", f"{summary.reused} trials had a known class: {summary.saved_cpu_s:.4g} CPU s saved")
    if summary.audited:
        share = 100 * summary.false_merges / summary.audited
        some = f" and {summary.audited_cached} of the cached" if summary.audited_cached else ""
        reused = f"{summary.audited - summary.audited_cached} of the reused{some}"
        yield _line("", f"audited {reused}, {summary.false_merges} false merges ({share:.3g} %)")
    if summary.cached:
        yield _line("cache", f"{summary.cached} outcomes were paid for by other runs")
    yield from _model_lines(summary)
    yield _line("time", f"{summary.seconds:.4g} s, {summary.cpu_seconds:.4g} CPU s")
    if summary.rung:
        yield _line("isolation", f"rung {summary.rung} (`evolve doctor` explains)")
    yield _line("status", f"{summary.status}{f': {summary.reason}' if summary.reason else ''}")
    if best is not None:
        yield _line("program", best.program)
        if best.improver:
            yield _line("", "it holds values that an earlier program computed: say so with the result")
        yield _line("solution", best.solution)
        for picture in summary.pictures:
            yield _line("picture", picture)
        yield _line("check", f"evolve verify {summary.run}")
    if summary.explanation:
        yield _line("explained", summary.explanation)
        yield from ("", *Path(summary.explanation).read_text(encoding="utf-8").splitlines(), "")
    spent = "" if summary.status != "finished" else " --budget AMOUNT    (in all, more than it has used)"
    yield _line("go on", f"evolve resume {summary.run}{spent}")


def _model_lines(summary: Summary) -> Iterator[str]:
    """Yield what models cost, and what became of their answers."""
    for use in summary.models:
        tokens = f"{use.prompt_tokens:,} + {use.completion_tokens:,} tokens"
        money = f", {use.usd:.4f} usd" if use.usd else ", price not known" if use.prompt_tokens else ""
        wrong = [f"{count} {word}" for count, word in ((use.failed, "failed"), (use.unanswered, "unanswered")) if count]
        guessed = [f"{use.estimated} counted by length"] if use.estimated else []
        notes = f" ({', '.join([*wrong, *guessed])})" if wrong or guessed else ""
        yield _line("model", f"{use.model}: {use.requests} requests{notes}, {tokens}{money}")
    if summary.asked:
        share = 100 * summary.runnable / summary.asked
        why = ", ".join(f"{count} {reason}" for reason, count in summary.refusals.items())
        yield _line(
            "answers", f"{share:.0f} % of {summary.asked} requests gave a runnable new program{': ' * bool(why)}{why}"
        )
    for lift in summary.lifts:
        sides = f"{lift.treated} proposals with it, {lift.control} without"
        yield _line("wrapper", f"{lift.wrapper}: {_lifted(lift)} ({sides})")


def _lifted(lift: Lift) -> str:
    if lift.per_1000_tokens is None or lift.interval is None:
        return "too few proposals to tell what it gains"
    low, high = lift.interval
    verdict = "it helps" if low > 0 else "it hurts" if high < 0 else "no clear difference"
    return f"{lift.per_1000_tokens:+.3g} better programs per 1,000 tokens, 95 % in [{low:.3g}, {high:.3g}]: {verdict}"


def trial_lines(trials: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a table of trials."""
    yield f"{'trial':>6}  {'status':9} {'claimed':>15} {'certified':>15}  {'operator':20} parents"
    for trial in trials:
        parents = " ".join(map(str, trial["parents"]))
        scores = f"{number(trial['claimed']):>15} {number(trial['certified']):>15}"
        yield f"{trial['number']:>6}  {trial['status']:9} {scores}  {trial['operator']:20} {parents}"


def _best(best: Best) -> str:
    origin = f"trial {best.trial} by {best.operator}"
    if best.status == "certified":
        return f"{number(best.certified)} certified (claimed {number(best.claimed)}), {origin}"
    if best.status == "refused":
        return f"{number(best.claimed)} claimed, but the exact check refused it, {origin}"
    return f"{number(best.claimed)} claimed (not checked exactly), {origin}"


def _line(label: str, text: str) -> str:
    return f"{label:<11} {text}".rstrip()

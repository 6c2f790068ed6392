"""Replay: repeat every decision and every proposal of a run from its record, without running one candidate."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evolve import views
from evolve.codec import action_to_plain, change_to_plain
from evolve.deciding import decide, revise
from evolve.interfaces import Executor, Propose
from evolve.loop import Loop
from evolve.rebuild import feed
from evolve.record import Row, reading
from evolve.registry import Registry
from evolve.run import executor_of, reload_problem
from evolve.streams import stream
from evolve.wiring import build_loop, description_from_plain

__all__ = ["Replay", "replay"]

_SHOWN = 20


@dataclass
class Replay:
    """What came of a replay.

    Args:
        run: the run folder.
        decisions: how many times the strategy was asked again.
        proposals: how many programs and refusals were made again.
        commits: how many trials were fed back.
        differences: what did not come out the same, one line each; at most 20 are kept.
    """

    run: str
    decisions: int = 0
    proposals: int = 0
    commits: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def faithful(self) -> bool:
        """True when everything came out as recorded."""
        return not self.differences

    def differ(self, line: str) -> None:
        """Note a difference."""
        if len(self.differences) < _SHOWN:
            self.differences.append(line)


async def replay(folder: Path, registry: Registry | None = None) -> Replay:
    """Repeat a run from its record.

    The strategy, the mutators and the archives are built anew, asked for every decision and proposal at the place
    where the record has them, and fed the recorded outcomes. No candidate runs and no model is asked.

    Args:
        folder: the run folder.
        registry: the plugins to use; all installed ones when None.

    Raises:
        LedgerError: there is no readable record.
    """
    registry = registry or Registry()
    with reading(folder) as record:
        problem = reload_problem(record, registry)
        description = description_from_plain(record.meta("description"))
        executor: Executor = executor_of(problem.config, registry)
        loop = build_loop(problem, registry, description, record, executor, lambda event: None, live=False)
        report = Replay(str(folder))
        for fault in views.faults(record):
            report.differ(f"record: {fault}")
        await _Replayer(loop, report, int(record.meta("seeds"))).run()
        return report


@dataclass
class _Replayer:
    loop: Loop
    report: Replay
    seeds: int
    due: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def run(self) -> None:
        recorded, made_at = self._recorded()
        for row, trial in self.loop.state.ledger.history():
            if row.kind == "decided" and row.step >= self.seeds:
                self._decide(row)
            self._compare_change(row)
            feed(self.loop, row, trial)
            if row.kind in ("committed", "measured"):
                self._revise(row)
            if row.kind in ("decided", "resumed"):
                for step, action in list(self.loop.state.in_flight.items()):
                    if isinstance(action, Propose) and made_at.get(step) == row.seq and step >= self.seeds:
                        await self._propose(step, action, recorded[step], resumed=row.kind == "resumed")
            self.report.commits += row.kind == "committed"

    def _recorded(self) -> tuple[Mapping[int, list[str]], Mapping[int, int]]:
        """Return, by step, what was proposed, one line each, and the event at which that was done.

        It was done when it was decided, or else when the run was resumed after it had been interrupted.
        """
        found: dict[int, list[str]] = {}
        decided: dict[int, int] = {}
        made_at: dict[int, int] = {}
        resumed = -1
        for row, trial in self.loop.state.ledger.history("decided", "resumed", "proposed", "refused"):
            match row.kind:
                case "decided":
                    decided.update({plain["step"]: row.seq for plain in row.body["actions"]})
                case "resumed":
                    resumed = row.seq
                case "proposed" if trial is not None:
                    found.setdefault(row.step, []).append(f"{trial.operator} {trial.program.digest}")
                case "refused" if "entered" not in row.body["notes"]:  # else it was proposed, and its class was known
                    found.setdefault(row.step, []).append(_refused(row.body["operator"], row.body["reason"]))
            if row.kind in ("proposed", "refused"):
                made_at.setdefault(row.step, max(resumed, decided.get(row.step, -1)))
        return found, made_at

    def _decide(self, row: Row) -> None:
        loop = self.loop
        self.report.decisions += 1
        actions = decide(loop.parts.strategy, loop.state, row.body["free"], stream(loop.seed, row.step, "strategy"))
        plain = [{"step": row.step + i, **action_to_plain(a)} for i, a in enumerate(actions)]
        if plain != row.body["actions"]:
            self.report.differ(
                f"step {row.step}: decided {_brief(plain)}, the record has {_brief(row.body['actions'])}"
            )

    def _revise(self, row: Row) -> None:
        """Ask the curriculum again which instances join and leave."""
        loop = self.loop
        changes = revise(loop.parts.curriculum, loop.state, loop.state.trial(row.trial or 0), row.step, loop.seed)
        self.due = [change_to_plain(row.step, change)[1:] for change in changes]

    def _compare_change(self, row: Row) -> None:
        """Compare an instance that a curriculum made or retired with what it asked for, in that order."""
        wanted = self.due.pop(0) if self.due else None
        found = (row.kind, row.body) if row.kind in ("instance", "retired") and not row.closes else None
        if json.dumps(wanted, sort_keys=True) != json.dumps(found, sort_keys=True):
            self.due.clear()
            self.report.differ(f"step {row.step}: the curriculum wants {wanted}, the record has {found}")

    async def _propose(self, step: int, action: Propose, recorded: Sequence[str], *, resumed: bool) -> None:
        accepted, refused = await self.loop.proposer.propose(step, action)
        self.report.proposals += len(accepted) + len(refused)
        made = [f"{proposal.operator} {proposal.program.digest}" for proposal in accepted if proposal.program]
        made += [_refused(proposal.operator, proposal.refusal) for proposal in refused]
        if sorted(made) != sorted(recorded) and (made or recorded != [_refused("", "nothing")]):
            self.report.differ(f"step {step}: proposed {made}, the record has {recorded}")
        if step in self.loop.proposer.switchboard.drifted and not resumed:
            self.report.differ(f"step {step}: a model was asked something else than the record has")


def _refused(operator: str, reason: str) -> str:
    return f"{operator} refused: {reason}"


def _brief(plain: Sequence[Mapping[str, Any]]) -> str:
    text = str([{k: v for k, v in action.items() if v} for action in plain])
    return text if len(text) < 200 else f"{text[:200]}..."

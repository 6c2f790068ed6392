"""Wiring: from a loaded problem and its configuration to a loop that is ready to run, or to be rebuilt."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from evolve.budget import Meter
from evolve.codec import instance_from_plain, instance_to_plain
from evolve.config import RunConfig
from evolve.errors import ConfigError, PluginError
from evolve.events import Event
from evolve.identity import problem_digest
from evolve.interfaces import Description, Executor, ProblemFacts, Setup
from evolve.keys import ClassKeys
from evolve.ladder import Ladder, Stage
from evolve.ledger import Ledger
from evolve.loop import Loop
from evolve.models.directory import lines_of, prices_of
from evolve.models.line import Line
from evolve.models.purse import Purse
from evolve.models.switchboard import Switchboard
from evolve.parts import Parts
from evolve.primitives import Parameter, Primitive, PrimitiveSet
from evolve.problem import Problem
from evolve.proposing import Proposer
from evolve.record import Record
from evolve.registry import Registry
from evolve.state import RunState
from evolve.straight import signature_of

__all__ = ["build_loop", "build_parts", "description_from_plain", "description_to_plain", "facts_of", "setup_of"]

_FIXED_WIDTH = 8
"""Actions in flight in a run of fixed order: a constant, because decisions depend on it."""


def setup_of(problem: Problem, registry: Registry, hidden: Sequence[str] = ()) -> Setup:
    """Return what a worker needs to judge the problem's candidates.

    Args:
        problem: what to judge.
        registry: the plugins there are.
        hidden: folders that candidates may not see, beside the problem's own.
    """
    config = problem.config
    path, settings = registry.locate("evaluator", config.evaluator)
    return Setup(
        str(problem.folder),
        path,
        settings,
        config.program.entry,
        config.params,
        hidden=tuple(hidden),
        called=config.program.called,
        **config.sandbox.model_dump(),
    )


def build_parts(config: RunConfig, registry: Registry, facts: ProblemFacts) -> Parts:
    """Build the plugins that a configuration names.

    Raises:
        PluginError: a name is unknown, or no operator can work on the problem.
        ConfigError: a setting does not fit.
    """
    parts = Parts(
        registry.build("strategy", config.strategy, {"archive": config.archive, "selector": config.selector}),
        registry.build("mutator", config.mutator, {"mutators": config.mutators or None}),
        [registry.build("gate", table) for table in config.gates],
        registry.build("curriculum", config.curriculum) if config.curriculum else None,
    )
    unfit = parts.mutator.unfit(facts)
    if unfit:
        raise PluginError(f"mutator {config.mutator.use!r} cannot work on {facts.name}: {unfit}")
    return parts


def facts_of(problem: Problem, description: Description, lines: Mapping[str, Line]) -> ProblemFacts:
    """Return what operators may know about a problem, and about the models of the run."""
    config = problem.config
    known = {instance.id: problem.best_known(instance.id) for instance in description.instances}
    return ProblemFacts(
        problem.name,
        config.problem.statement,
        config.problem.direction,
        config.program.entry_name,
        {i.id: i for i in description.instances if i.split == "train"},
        description.primitives,
        config.limits.limits(),
        config.program.evolvable,
        {name: record.value for name, record in known.items() if record is not None},
        {name: line.client.capabilities() for name, line in lines.items()},
        problem.prompts,
    )


def build_loop(
    problem: Problem,
    registry: Registry,
    description: Description,
    record: Record,
    executor: Executor,
    emit: Callable[[Event], None],
    *,
    live: bool = True,
) -> Loop:
    """Return a loop over a record: empty for a new run, to be rebuilt from the record otherwise.

    Args:
        problem: what is searched.
        registry: the plugins there are.
        description: of the problem, as its evaluator gave it.
        record: of the run.
        executor: evaluates.
        emit: shows a fact to the observers.
        live: models may be asked; False leaves it at what the record has of them.
    """
    config = problem.config
    lines = lines_of(config.models, registry)
    prices = prices_of(lines, needed=live and config.budget.usd is not None)
    facts = facts_of(problem, description, lines)
    sign = 1.0 if facts.direction == "maximise" else -1.0
    stages = _stages(config, description, sign)
    limits = {name: float(v) for name, v in config.budget.model_dump().items() if v is not None}
    ordered = config.run.order == "fixed"
    searched = [stage for stage in stages if not stage.finalists]
    state = RunState(cast(Ledger, record), Meter(limits), tuple(stage.name for stage in searched))
    for instance in filter(lambda instance: instance.active, description.instances):
        (state.instances if instance.split == "train" else state.held_out)[instance.id] = instance
    parts = build_parts(config, registry, facts)
    levels = frozenset(config.class_keys.levels) - (frozenset() if description.probe else {"behaviour"})
    blocks = description.primitives
    keys = ClassKeys(
        levels,
        ",".join(config.program.called),
        lambda program: registry.fingerprint(program, problem.name),
        signature_of(blocks) if blocks is not None else None,
        config.class_keys.digits,
        problem_digest(problem, registry, description) if "behaviour" in levels or config.class_keys.cache else "",
    )
    ladder = Ladder(
        state, executor, searched, keys, sign, parts.curriculum, config.run.seed, ordered, config.class_keys
    )
    asked_at_once = sum(line.settings.concurrency for line in lines.values())
    width = config.run.in_flight or (_FIXED_WIDTH if ordered else 2 * executor.capacity + asked_at_once)
    seed = config.run.seed
    purse = Purse(state.meter)
    switchboard = Switchboard(state.ledger, purse, lines, prices, seed, live, lambda reason: loop.end(reason))
    proposer = Proposer(state, parts, facts, seed, switchboard)
    finals = tuple(stage for stage in stages if stage.finalists)
    loop = Loop(state, parts, proposer, ladder, seed, ordered, width, description.verify, emit, finals)
    return loop


def _stages(config: RunConfig, description: Description, sign: float) -> list[Stage]:
    base = config.limits.limits()
    if not config.stages:
        return [Stage("main", ("*",), base)]
    stages = [
        Stage(
            s.name,
            s.instances,
            s.limits(base),
            None if s.min_score is None else sign * s.min_score,
            s.finalists or 0,
        )
        for s in config.stages
    ]
    if all(stage.finalists for stage in stages):
        raise ConfigError("stages: all of them have finalists; the search needs a stage of its own")
    ids = {instance.id for instance in description.instances}
    for stage in stages:
        for pattern in stage.instances:
            if not fnmatch.filter(ids, pattern):
                known = ", ".join(sorted(ids))
                raise ConfigError(f"stages.{stage.name}.instances: {pattern!r} matches no instance; there are {known}")
    return stages


def description_to_plain(description: Description) -> dict[str, Any]:
    """Return a description as JSON-able data, for the record."""
    plain = dataclasses.asdict(dataclasses.replace(description, instances=()))
    return {**plain, "instances": [instance_to_plain(instance) for instance in description.instances]}


def description_from_plain(plain: Mapping[str, Any]) -> Description:
    """Return the description that `description_to_plain` wrote."""
    blocks = plain["primitives"]
    if blocks is not None:
        made = tuple(
            Primitive(**{**block, "parameters": tuple(Parameter(**p) for p in block["parameters"])})
            for block in blocks["primitives"]
        )
        choices = {name: tuple(texts) for name, texts in blocks.get("choices", {}).items()}
        commutative = tuple(blocks.get("commutative", ()))
        blocks = PrimitiveSet(**{**blocks, "primitives": made, "choices": choices, "commutative": commutative})
    instances = tuple(instance_from_plain(instance) for instance in plain["instances"])
    offers = {name: plain.get(name, False) for name in ("probe", "verify", "draw", "overview", "explain")}
    return Description(instances, blocks, **offers)

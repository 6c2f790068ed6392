"""Every hook does what its page says, for a plugin from outside."""

from __future__ import annotations

import types
from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from evolve import Program, hookimpl
from evolve.errors import PluginError
from evolve.events import Event, Finished
from evolve.registry import KINDS, Registry
from evolve_plugins.archives.top_k import TopK
from evolve_plugins.evaluators.python import PythonEvaluator
from evolve_plugins.executors.local import LocalProcesses
from evolve_plugins.gates.syntax import Syntax
from evolve_plugins.mutators.partial import Bake
from evolve_plugins.selectors.uniform import Uniform
from evolve_plugins.strategies.random_search import RandomSearch

NAMING = {
    "archive": ("evolve_archives", TopK),
    "evaluator": ("evolve_evaluators", PythonEvaluator),
    "executor": ("evolve_executors", LocalProcesses),
    "gate": ("evolve_gates", Syntax),
    "mutator": ("evolve_mutators", Bake),
    "selector": ("evolve_selectors", Uniform),
    "strategy": ("evolve_strategies", RandomSearch),
}


def naming(hook: str, names: Mapping[str, object]) -> types.SimpleNamespace:
    """Return a plugin whose one hook returns these names."""

    def named() -> Mapping[str, object]:
        return names

    named.__name__ = hook
    return types.SimpleNamespace(**{hook: hookimpl(named)})


@pytest.mark.parametrize("kind", sorted(NAMING))
def test_a_naming_hook_makes_a_class_known_by_name(kind: str) -> None:
    hook, cls = NAMING[kind]
    registry = Registry(entry_points=False)
    registry.add("outside", naming(hook, {"mine": cls}))
    assert registry.resolve(kind, "mine") is cls
    assert registry.where(kind, "mine") == "outside"


@pytest.mark.parametrize("kind", sorted(NAMING))
def test_a_naming_hook_may_give_the_place_of_a_class_instead(kind: str) -> None:
    hook, cls = NAMING[kind]
    registry = Registry(entry_points=False)
    registry.add("outside", naming(hook, {"mine": f"{cls.__module__}:{cls.__name__}"}))
    assert registry.resolve(kind, "mine") is cls


def test_evolve_curricula_makes_a_curriculum_known_by_name() -> None:
    class Everything(KINDS["curriculum"]):  # type: ignore[misc]
        def sample(self, instances: object, rng: object) -> object:
            return instances

    registry = Registry(entry_points=False)
    registry.add("outside", naming("evolve_curricula", {"everything": Everything}))
    assert registry.resolve("curriculum", "everything") is Everything


def test_evolve_problems_makes_a_folder_known_by_name(tmp_path: Path) -> None:
    registry = Registry(entry_points=False)
    registry.add("outside", naming("evolve_problems", {"parcels": tmp_path}))
    assert registry.problems() == {"parcels": tmp_path}


def test_evolve_fingerprint_is_asked_last_registered_first_and_the_first_answer_counts() -> None:
    class Says:
        def __init__(self, key: str | None) -> None:
            self.key = key

        @hookimpl
        def evolve_fingerprint(self, program: Program, problem: str) -> str | None:
            return self.key

    program = Program({"program.py": ""})
    registry = Registry(entry_points=False)
    assert registry.fingerprint(program, "x") is None
    for number, key in enumerate(["early", "late", None]):
        registry.add(f"plugin{number}", Says(key))
    assert registry.fingerprint(program, "x") == "late"


def test_evolve_event_shows_a_fact_to_every_observer_though_one_raises() -> None:
    seen: list[Event] = []

    class Observer:
        def __init__(self, breaks: bool) -> None:
            self.breaks = breaks

        @hookimpl
        def evolve_event(self, event: Event) -> None:
            if self.breaks:
                raise RuntimeError("an observer of somebody else")
            seen.append(event)

    registry = Registry(entry_points=False)
    for number, breaks in enumerate([False, True, False]):
        registry.add(f"observer{number}", Observer(breaks))
    fact = Finished(reason="done")
    registry.notify(fact)
    assert seen == [fact, fact]


def test_evolve_commands_adds_a_subcommand() -> None:
    class Adds:
        @hookimpl
        def evolve_commands(self, cli: click.Group) -> None:
            cli.add_command(click.Command("wave"))

    registry = Registry(entry_points=False)
    registry.add("outside", Adds())
    group = click.Group()
    registry.add_commands(group)
    assert list(group.commands) == ["wave"]


def test_an_async_hook_is_refused_by_name() -> None:
    async def evolve_archives() -> Mapping[str, object]:
        return {}

    plugin = types.SimpleNamespace(evolve_archives=hookimpl(evolve_archives))
    with pytest.raises(PluginError, match="evolve_archives is async"):
        Registry(entry_points=False).add("outside", plugin)

"""What a registry calls in plugins besides their names: observers, fingerprints, commands."""

from __future__ import annotations

import logging

import click
import pytest

from evolve import Program, hookimpl
from evolve.events import Event, Resumed
from evolve.registry import Registry


@pytest.fixture
def registry() -> Registry:
    return Registry(entry_points=False)


def test_an_observer_that_raises_is_logged_and_the_others_still_see_the_event(
    registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Event] = []

    class Bad:
        @hookimpl
        def evolve_event(self, event: Event) -> None:
            raise RuntimeError("no disk")

    class Good:
        @hookimpl
        def evolve_event(self, event: Event) -> None:
            seen.append(event)

    for name, plugin in (("first", Good()), ("bad", Bad()), ("last", Good())):
        registry.add(name, plugin)
    with caplog.at_level(logging.ERROR):
        registry.notify(Resumed())
    assert seen == [Resumed(), Resumed()]
    assert "observer of plugin 'bad' failed on Resumed" in caplog.text


def test_the_last_plugin_is_asked_first_for_a_fingerprint(registry: Registry) -> None:
    class Key:
        def __init__(self, key: str | None) -> None:
            self.key = key

        @hookimpl
        def evolve_fingerprint(self, program: Program, problem: str) -> str | None:
            return self.key

    program = Program({"program.py": "x = 1"})
    assert registry.fingerprint(program, "p") is None
    for name, key in (("a", "first"), ("b", "second"), ("c", None)):
        registry.add(name, Key(key))
    assert registry.fingerprint(program, "p") == "second"


def test_plugins_add_commands_and_a_failing_one_is_remembered(registry: Registry) -> None:
    class Adds:
        @hookimpl
        def evolve_commands(self, cli: click.Group) -> None:
            cli.add_command(click.Command("hello"))

    class Fails:
        @hookimpl
        def evolve_commands(self, cli: click.Group) -> None:
            raise KeyError("x")

    registry.add("fails", Fails())
    registry.add("adds", Adds())
    group = click.Group()
    registry.add_commands(group)
    assert list(group.commands) == ["hello"]
    assert [b.name for b in registry.broken] == ["fails"]

"""The registry: three ways in, checked contracts, plugins built from tables, and one line for every mistake."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from numpy.random import Generator
from pydantic import Field

from evolve import AddStatus, Archive, Mutator, Proposal, Selector, Strategy, Trial, hookimpl
from evolve.config import PluginTable
from evolve.errors import ConfigError, EvolveError, PluginError
from evolve.loading import load_class
from evolve.registry import KINDS, Registry


@dataclass
class Shelf(Archive):
    """Keep everything."""

    size: Annotated[int, Field(gt=0)]
    weights: tuple[float, ...] = (1.0,)
    inner: Archive | None = None
    _kept: list[Trial] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.size == 13:
            raise ValueError("13 is no size for a shelf")

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Keep it."""
        self._kept.append(trial)
        return AddStatus.NEW

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._kept)


@dataclass
class Same(Mutator):
    """Propose the parent again."""

    async def propose(self, parents: Sequence[Trial], context: Any) -> Sequence[Proposal]:
        """Propose the parent."""
        return [Proposal(parents[0].program, "same", (parents[0].number,))]


@dataclass
class Team(Mutator):
    """Hold several mutators."""

    mutators: tuple[Mutator, ...]

    async def propose(self, parents: Sequence[Trial], context: Any) -> Sequence[Proposal]:
        """Ask the first."""
        return await self.mutators[0].propose(parents, context)


@dataclass
class Half(Archive):
    """Lack a method."""

    def add(self, trial: Trial, rng: Generator) -> AddStatus:
        """Keep nothing."""
        return AddStatus.REJECTED


class Plain(Same):
    """Inherit from a dataclass."""


class Shop:
    """A plugin with some of everything."""

    @hookimpl
    def evolve_archives(self) -> dict[str, Any]:
        """Name archives."""
        return {"shelf": Shelf, "half": Half, "lost": "no_such_module:Lost", "lazy": f"{__name__}:Shelf", "odd": Same}

    @hookimpl
    def evolve_mutators(self) -> dict[str, Any]:
        """Name mutators."""
        return {"same": Same, "team": Team, "plain": Plain}


@pytest.fixture
def registry() -> Registry:
    registry = Registry(entry_points=False)
    registry.add("shop", Shop())
    return registry


def test_what_comes_in_the_box_has_no_broken_part_and_every_kind_resolves() -> None:
    registry = Registry()
    assert registry.broken == ()
    for kind, interface in KINDS.items():
        for name in registry.names(kind):
            assert issubclass(registry.resolve(kind, name), interface)
            assert registry.where(kind, name) == "builtins"
    assert "circle_packing" in registry.problems()


def test_the_default_strategy_gets_its_archive_and_selector() -> None:
    strategy = Registry().build("strategy", "steady_state")
    assert isinstance(strategy, Strategy)
    assert isinstance(strategy.archive, Archive)
    assert isinstance(strategy.selector, Selector)


def test_a_table_becomes_a_plugin_with_nested_plugins(registry: Registry) -> None:
    table = {"use": "shelf", "size": 3, "weights": [1, 2.5], "inner": {"use": "shelf", "size": 1}}
    shelf = registry.build("archive", table)
    assert shelf == Shelf(3, (1.0, 2.5), Shelf(1))


def test_a_plugin_may_be_named_lazily_and_by_its_bare_name(registry: Registry) -> None:
    team = registry.build("mutator", PluginTable(use="team"), {"mutators": ["same", {"use": "plain"}]})
    assert [type(mutator) for mutator in team.mutators] == [Same, Plain]
    assert registry.build("archive", {"use": "lazy", "size": 1}) == Shelf(1)


def test_a_mutator_that_needs_others_gets_the_operators_in_the_box() -> None:
    registry = Registry()
    registry.add("shop", Shop())
    assert len(registry.build("mutator", "team", {"mutators": None}).mutators) > 2


def test_fields_given_elsewhere_that_say_nothing_are_left_to_the_plugin(registry: Registry) -> None:
    assert registry.build("archive", {"use": "shelf", "size": 2}, {"inner": None}) == Shelf(2)


@pytest.mark.parametrize(
    ("kind", "table", "given", "line"),
    [
        ("archive", {"use": "shlf"}, {}, "no archive 'shlf'; did you mean 'shelf'?"),
        (
            "archive",
            {"use": "shelf", "sise": 3},
            {},
            "archive.sise: archive 'shelf' has no such setting; did you mean 'size'?",
        ),
        ("archive", {"use": "shelf", "_kept": []}, {}, "archive._kept: archive 'shelf' has no such setting"),
        ("archive", {"use": "shelf"}, {}, "archive.size: archive 'shelf' needs a value"),
        ("archive", {"use": "shelf", "size": "3"}, {}, "archive.size: must be a valid integer, not '3'"),
        ("archive", {"use": "shelf", "size": True}, {}, "archive.size: must be a valid integer, not True"),
        ("archive", {"use": "shelf", "size": 0}, {}, "archive.size: must be greater than 0, not 0"),
        ("archive", {"use": "shelf", "size": 13}, {}, "archive: archive 'shelf': 13 is no size for a shelf"),
        (
            "archive",
            {"use": "shelf", "size": 1, "weights": [1, "x"]},
            {},
            "archive.weights.1: must be a valid number, not 'x'",
        ),
        (
            "archive",
            {"use": "shelf", "size": 1, "inner": {"use": "shelf", "size": 0}},
            {},
            "archive.inner.size: must be greater than 0, not 0",
        ),
        ("archive", {"size": 1}, {}, 'archive: write a plugin as a name or as {use = "name", ...}'),
        ("mutator", "same", {"mutators": ["same"]}, "mutator 'same' takes no mutators"),
        ("mutator", {"use": "team", "mutators": "same"}, {}, "mutator.mutators: write a list of plugins, not 'same'"),
        ("mutator", {"use": "team", "mutators": ["smae"]}, {}, "no mutator 'smae'; did you mean 'same'?"),
        ("archive", "half", {}, "archive 'half' of plugin 'shop': does not define __iter__"),
        ("archive", "odd", {}, "archive 'odd' of plugin 'shop': must be a subclass of evolve.Archive"),
        (
            "archive",
            "lost",
            {},
            "archive 'lost' of plugin 'shop': cannot import no_such_module:Lost: ModuleNotFoundError",
        ),
    ],
)
def test_a_mistake_is_one_line(registry: Registry, kind: str, table: Any, given: dict[str, Any], line: str) -> None:
    with pytest.raises(EvolveError) as caught:
        registry.build(kind, table, given)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_a_class_that_is_no_dataclass_is_refused() -> None:
    class Bare(Archive):
        def __init__(self, size: int) -> None:
            self.size = size

        def add(self, trial: Trial, rng: Generator) -> AddStatus:
            return AddStatus.REJECTED

        def __iter__(self) -> Iterator[Trial]:
            return iter(())

    class Plugin:
        @hookimpl
        def evolve_archives(self) -> dict[str, Any]:
            return {"bare": Bare}

    registry = Registry(entry_points=False)
    registry.add("bare", Plugin())
    with pytest.raises(PluginError, match="must be a @dataclass"):
        registry.build("archive", "bare")


def test_a_name_that_two_plugins_claim_is_an_error_that_names_both(registry: Registry) -> None:
    registry.add("other shop", Shop())
    with pytest.raises(PluginError, match="'shelf' is registered by 'shop' and 'other shop'"):
        registry.build("archive", {"use": "shelf", "size": 1})
    assert any("both register the archive 'shelf'" in broken.reason for broken in registry.broken)


class _Async:
    @hookimpl
    async def evolve_archives(self) -> dict[str, Any]:
        return {}


class _Typo:
    @hookimpl
    def evolve_archive(self) -> dict[str, Any]:
        return {}


class _Arguments:
    @hookimpl
    def evolve_archives(self, wrong: str) -> dict[str, Any]:
        return {}


class _NoMapping:
    @hookimpl
    def evolve_archives(self) -> list[str]:
        return ["shelf"]


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (_Async, "evolve_archives is async"),
        (_Typo, "unknown hook 'evolve_archive'"),
        (_Arguments, "wrong"),
        (_NoMapping, "must return a mapping"),
    ],
)
def test_a_hook_that_breaks_its_contract_is_refused_and_leaves_no_trace(
    registry: Registry, plugin: type[Any], reason: str
) -> None:
    with pytest.raises(PluginError, match=reason):
        registry.add("bad", plugin())
    registry.add("good", SimpleNamespace())
    assert registry.names("archive") == ("half", "lazy", "lost", "odd", "shelf")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, with two of which the first breaks on import."""
    for name, text in (
        ("broken_acme", "raise RuntimeError('no license')"),
        ("good_acme", "from evolve import hookimpl\n@hookimpl\ndef evolve_archives(): return {'acme': 'x:Y'}\n"),
        ("half_acme", "from evolve import hookimpl\n@hookimpl\ndef evolve_gates(): return 1 / 0\n"),
    ):
        (tmp_path / f"{name}.py").write_text(text)
        info = tmp_path / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[evolve]\n{name} = {name}\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return tmp_path


def test_a_broken_package_is_remembered_and_harms_nobody(site: Path) -> None:
    registry = Registry()
    assert {b.name: b.reason for b in registry.broken} == {
        "broken_acme": "RuntimeError: no license",
        "half_acme": "evolve_gates raised ZeroDivisionError: division by zero",
    }
    assert registry.where("archive", "acme") == "good_acme"
    assert registry.build("archive", {"use": "top_k", "k": 2}).k == 2


def test_asking_for_what_a_broken_package_may_have_brought_says_so(site: Path) -> None:
    with pytest.raises(PluginError, match=r"no gate 'fence'.*plugin 'broken_acme' was left out \(RuntimeError: no lic"):
        Registry().build("gate", "fence")


FOLDER_PLUGIN = """
from dataclasses import dataclass
from evolve import Gate, hookimpl
from evolve.interfaces import Ruling

@dataclass
class Closed(Gate):
    reason: str = "closed"
    async def judge(self, proposal, parents, context):
        return Ruling.reject(self.reason)

@hookimpl
def evolve_gates():
    return {"closed": Closed}
"""


def test_a_problem_folder_brings_its_own_plugin_into_one_registry_only(tmp_path: Path) -> None:
    (tmp_path / "plugin.py").write_text(FOLDER_PLUGIN)
    registry, other = Registry(entry_points=False), Registry(entry_points=False)
    assert registry.add_folder(tmp_path)
    assert registry.build("gate", {"use": "closed", "reason": "late"}).reason == "late"
    assert registry.where("gate", "closed") == f"{tmp_path.name}/plugin.py"
    assert other.names("gate") == ()


def test_a_folder_without_plugin_is_fine(tmp_path: Path) -> None:
    assert not Registry(entry_points=False).add_folder(tmp_path)


def test_a_folder_plugin_that_breaks_is_one_line_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "plugin.py").write_text("import no_such_thing")
    with pytest.raises(PluginError, match=r"plugin.py: does not import: ModuleNotFoundError: No module named"):
        Registry(entry_points=False).add_folder(tmp_path)


def test_a_worker_is_told_where_the_class_is_and_its_checked_settings(registry: Registry) -> None:
    path, settings = registry.locate("archive", PluginTable.model_validate({"use": "shelf", "size": 2}))
    assert path.endswith(":Shelf")
    assert settings == {"size": 2}
    with pytest.raises(ConfigError):
        registry.locate("archive", PluginTable.model_validate({"use": "shelf", "size": -2}))


def test_a_class_of_a_problem_folder_can_be_imported_by_another_process(tmp_path: Path) -> None:
    (tmp_path / "plugin.py").write_text(FOLDER_PLUGIN)
    registry = Registry(entry_points=False)
    registry.add_folder(tmp_path)
    path, settings = registry.locate("gate", PluginTable.model_validate({"use": "closed", "reason": "late"}))
    assert path == f"{tmp_path.resolve() / 'plugin.py'}:Closed"
    made = load_class(path)(**settings)
    assert (type(made).__name__, made.reason) == ("Closed", "late")

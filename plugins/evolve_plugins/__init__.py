"""What comes in the box. The hooks only name things; a plugin's module loads when it is first used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

from evolve.hookspecs import hookimpl

__all__ = [
    "evolve_archives",
    "evolve_evaluators",
    "evolve_executors",
    "evolve_gates",
    "evolve_models",
    "evolve_mutators",
    "evolve_problems",
    "evolve_selectors",
    "evolve_strategies",
]


@hookimpl
def evolve_archives() -> Mapping[str, str]:
    """Name the archives."""
    return {
        "islands": "evolve_plugins.archives.islands:Islands",
        "map_elites": "evolve_plugins.archives.map_elites:MapElites",
        "top_k": "evolve_plugins.archives.top_k:TopK",
    }


@hookimpl
def evolve_selectors() -> Mapping[str, str]:
    """Name the selectors."""
    return {
        "tournament": "evolve_plugins.selectors.tournament:Tournament",
        "uniform": "evolve_plugins.selectors.uniform:Uniform",
    }


@hookimpl
def evolve_strategies() -> Mapping[str, str]:
    """Name the strategies."""
    return {
        "best_of_n": "evolve_plugins.strategies.best_of_n:BestOfN",
        "chain": "evolve_plugins.strategies.chain:Chain",
        "random_search": "evolve_plugins.strategies.random_search:RandomSearch",
        "steady_state": "evolve_plugins.strategies.steady_state:SteadyState",
    }


@hookimpl
def evolve_mutators() -> Mapping[str, str]:
    """Name the variation operators."""
    names: Mapping[str, str] = importlib.import_module("evolve_plugins.mutators").MUTATORS
    return names


@hookimpl
def evolve_models() -> Mapping[str, str]:
    """Name the clients of language models."""
    return {
        "anthropic": "evolve_plugins.models.anthropic:Anthropic",
        "openai": "evolve_plugins.models.openai:OpenAI",
        "replay": "evolve_plugins.models.replay:RecordedAnswers",
        "scripted": "evolve_plugins.models.scripted:Scripted",
    }


@hookimpl
def evolve_gates() -> Mapping[str, str]:
    """Name the gates."""
    return {
        "reviewer": "evolve_plugins.gates.reviewer:Reviewer",
        "syntax": "evolve_plugins.gates.syntax:Syntax",
    }


@hookimpl
def evolve_evaluators() -> Mapping[str, str]:
    """Name the evaluators."""
    return {
        "cascade": "evolve_plugins.evaluators.cascade:Cascade",
        "command": "evolve_plugins.evaluators.command:CommandEvaluator",
        "python": "evolve_plugins.evaluators.python:PythonEvaluator",
        "repeat": "evolve_plugins.evaluators.repeat:Repeat",
    }


@hookimpl
def evolve_executors() -> Mapping[str, str]:
    """Name the executors."""
    return {"local": "evolve_plugins.executors.local:LocalProcesses"}


@hookimpl
def evolve_problems() -> Mapping[str, Path]:
    """Name the shipped problems: those of the checkout, or those that came with the package."""
    folder: Path = importlib.import_module("evolve_problems").FOLDER
    return {path.parent.name: path.parent for path in sorted(folder.glob("[!_.]*/problem.toml"))}

"""What comes in the box. The hooks only name things; a plugin's module loads when it is first used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

from evolve.hookspecs import hookimpl

__all__ = [
    "evolve_archives",
    "evolve_curricula",
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
        "aging": "evolve_plugins.archives.aging:Aging",
        "best_of_n": "evolve_plugins.archives.best_of_n:BestOnly",
        "cvt_map_elites": "evolve_plugins.archives.cvt_map_elites:CvtMapElites",
        "islands": "evolve_plugins.archives.islands:Islands",
        "map_elites": "evolve_plugins.archives.map_elites:MapElites",
        "open_ended": "evolve_plugins.archives.open_ended:OpenEnded",
        "pareto": "evolve_plugins.archives.pareto:Pareto",
        "random": "evolve_plugins.archives.reservoir:Reservoir",
        "signature_clusters": "evolve_plugins.archives.signature_clusters:SignatureClusters",
        "top_k": "evolve_plugins.archives.top_k:TopK",
    }


@hookimpl
def evolve_selectors() -> Mapping[str, str]:
    """Name the selectors."""
    return {
        "curiosity": "evolve_plugins.selectors.curiosity:Curiosity",
        "lexicase": "evolve_plugins.selectors.lexicase:Lexicase",
        "power_law": "evolve_plugins.selectors.power_law:PowerLaw",
        "score_and_novelty": "evolve_plugins.selectors.score_and_novelty:ScoreAndNovelty",
        "tournament": "evolve_plugins.selectors.tournament:Tournament",
        "uniform": "evolve_plugins.selectors.uniform:Uniform",
    }


@hookimpl
def evolve_strategies() -> Mapping[str, str]:
    """Name the strategies."""
    return {
        "adas": "evolve_plugins.strategies.adas:ADAS",
        "best_of_n": "evolve_plugins.strategies.best_of_n:BestOfN",
        "chain": "evolve_plugins.strategies.chain:Chain",
        "dgm": "evolve_plugins.strategies.dgm:DGM",
        "funnel": "evolve_plugins.strategies.funnel:Funnel",
        "hgm": "evolve_plugins.strategies.hgm:HGM",
        "poet": "evolve_plugins.strategies.poet:POET",
        "portfolio": "evolve_plugins.strategies.portfolio:Portfolio",
        "random_search": "evolve_plugins.strategies.random_search:RandomSearch",
        "steady_state": "evolve_plugins.strategies.steady_state:SteadyState",
        "uct": "evolve_plugins.strategies.uct:UCT",
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
        "duplicate": "evolve_plugins.gates.duplicate:Duplicate",
        "minimal_criterion": "evolve_plugins.gates.minimal_criterion:MinimalCriterion",
        "reviewer": "evolve_plugins.gates.reviewer:Reviewer",
        "syntax": "evolve_plugins.gates.syntax:Syntax",
        "tabu": "evolve_plugins.gates.tabu:Tabu",
    }


@hookimpl
def evolve_curricula() -> Mapping[str, str]:
    """Name the curricula."""
    return {
        "alp_gmm": "evolve_plugins.curricula.alp_gmm:AlpGmm",
        "racing": "evolve_plugins.curricula.racing:Racing",
        "regret_replay": "evolve_plugins.curricula.regret_replay:RegretReplay",
        "self_play": "evolve_plugins.curricula.self_play:SelfPlay",
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

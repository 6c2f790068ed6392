"""evolve: a program-discovery engine. The names below are the promise to plugin and problem authors.

Names load when they are first used: a candidate's process and `evolve --help` pay for nothing else.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evolve.errors import CandidateError, EvolveError, ProblemError
    from evolve.evaluation import Limits, Outcome, Status, Verdict
    from evolve.hookspecs import hookimpl
    from evolve.instance import Instance
    from evolve.interfaces import (
        AddStatus,
        Archive,
        Candidate,
        Context,
        Curriculum,
        Evaluator,
        Executor,
        Gate,
        ModelClient,
        Mutator,
        Niche,
        Selection,
        Selector,
        Strategy,
    )
    from evolve.primitives import Range, Seed, meter, primitive
    from evolve.program import Program
    from evolve.trial import Proposal, Trial

_HOME = {
    "AddStatus": "interfaces",
    "Archive": "interfaces",
    "Candidate": "interfaces",
    "CandidateError": "errors",
    "Context": "interfaces",
    "Curriculum": "interfaces",
    "Evaluator": "interfaces",
    "EvolveError": "errors",
    "Executor": "interfaces",
    "Gate": "interfaces",
    "Instance": "instance",
    "Limits": "evaluation",
    "ModelClient": "client",
    "Mutator": "interfaces",
    "Niche": "interfaces",
    "Outcome": "evaluation",
    "ProblemError": "errors",
    "Program": "program",
    "Proposal": "trial",
    "Range": "primitives",
    "Seed": "primitives",
    "Selection": "interfaces",
    "Selector": "interfaces",
    "Status": "evaluation",
    "Strategy": "interfaces",
    "Trial": "trial",
    "Verdict": "evaluation",
    "hookimpl": "hookspecs",
    "meter": "primitives",
    "primitive": "primitives",
}

__all__ = [
    "AddStatus",
    "Archive",
    "Candidate",
    "CandidateError",
    "Context",
    "Curriculum",
    "Evaluator",
    "EvolveError",
    "Executor",
    "Gate",
    "Instance",
    "Limits",
    "ModelClient",
    "Mutator",
    "Niche",
    "Outcome",
    "ProblemError",
    "Program",
    "Proposal",
    "Range",
    "Seed",
    "Selection",
    "Selector",
    "Status",
    "Strategy",
    "Trial",
    "Verdict",
    "hookimpl",
    "meter",
    "primitive",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'evolve' has no attribute {name!r}")
    return getattr(importlib.import_module(f"evolve.{_HOME[name]}"), name)

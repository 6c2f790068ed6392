"""Classical planning: tasks in PDDL, their search, known heuristics, and task sets of eight domains of our own."""

from __future__ import annotations

from .best_first import Heuristic, SearchResult, search
from .domains import DOMAINS, domain_text, generate
from .grounding import task_from_text
from .heuristics import HFF, GoalCount, HAdd, LandmarkCount
from .task import Atom, Operator, Predicate, State, Task
from .task_sets import splits
from .validator import validate

__all__ = [
    "DOMAINS",
    "HFF",
    "Atom",
    "GoalCount",
    "HAdd",
    "Heuristic",
    "LandmarkCount",
    "Operator",
    "Predicate",
    "SearchResult",
    "State",
    "Task",
    "domain_text",
    "generate",
    "search",
    "splits",
    "task_from_text",
    "validate",
]

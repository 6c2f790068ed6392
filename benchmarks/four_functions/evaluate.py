"""The judge of `problems/optimizer_search`."""

from __future__ import annotations

from evolve_problems.optimizer_search import evaluate as full

from evolve import Instance

evaluate, probe = full.evaluate, full.probe


def instances() -> list[Instance]:
    """Return the trainings of the search."""
    return [instance for instance in full.instances() if instance.split == "train"]

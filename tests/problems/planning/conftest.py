"""A tiny domain without objects, whose costs are worked out by hand."""

from __future__ import annotations

import pytest
from evolve_problems._shared.planning import Task, task_from_text

ERRAND_DOMAIN = """
(define (domain errand)
  (:requirements :strips)
  (:predicates (home) (shop) (key) (open) (bread))
  (:action fetch-key :parameters () :precondition (home) :effect (key))
  (:action unlock :parameters () :precondition (and (home) (key)) :effect (open))
  (:action lose-key :parameters () :precondition (key) :effect (not (key)))
  (:action go :parameters () :precondition (and (home) (open)) :effect (and (shop) (not (home))))
  (:action return :parameters () :precondition (shop) :effect (and (home) (not (shop))))
  (:action buy :parameters () :precondition (shop) :effect (bread)))
"""
ERRAND = "(define (problem e) (:domain errand) (:init (home)) (:goal (and (bread) (home))))"


@pytest.fixture
def errand() -> tuple[str, str]:
    """The texts of a domain and a problem: fetch the key, unlock, go, buy bread, return."""
    return ERRAND_DOMAIN, ERRAND


@pytest.fixture
def errand_task(errand: tuple[str, str]) -> Task:
    """The same, grounded."""
    return task_from_text(*errand)

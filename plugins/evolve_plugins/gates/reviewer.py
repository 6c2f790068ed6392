"""`Reviewer`: a model scores an idea before anybody spends time on it."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Any, Literal

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import Field

from evolve import Context, Gate, ProblemError, Proposal, Trial
from evolve.interfaces import Ruling
from evolve.messages import ModelError, Request

__all__ = ["UNREADABLE", "Reviewer", "read_score"]

UNREADABLE = -1.0
"""Score of an idea whose review holds none that can be read."""

_TEMPLATE = "review.j2"
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_BOX = re.compile(r"\\boxed\s*\{([^{}]*)\}|<score>(.*?)</score>", re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d{1,6}(?:\.\d*)?")
_HIGHEST = 10.0


@dataclass
class Reviewer(Gate):
    """Asks a model to score the idea in a proposal's notes from 0 to 10, and turns away what scores too low.

    The score is noted as "review". A small share passes without a review, noted as "bypassed", so that the record
    shows what reviews are worth. Proposals without an idea pass, and so do those that were reviewed before.

    Args:
        threshold: lowest score that passes, from 0 to 10.
        model: which model reviews, by its name in the run; "" lets one be drawn.
        share_unreviewed: share that passes without a review, from 0 to 1.
        review_programs: review the program of a proposal that has no idea.
        without_models: when the run has no model, "refuse" what would be reviewed, or let everything "pass".

    Reference: Yu et al., "AlphaResearch: accelerating new algorithm discovery with language models", 2025.
    """

    threshold: Annotated[float, Field(ge=0, le=10)] = 5.5
    model: str = ""
    share_unreviewed: Annotated[float, Field(ge=0, le=1)] = 0.05
    review_programs: bool = False
    without_models: Literal["refuse", "pass"] = "refuse"

    async def judge(self, proposal: Proposal, parents: Sequence[Trial], context: Context) -> Ruling:
        """Reject with one line that names the score."""
        idea = str(proposal.notes.get("idea", ""))
        wanted = idea or (self.review_programs and proposal.program is not None)
        if not wanted or "review" in proposal.notes:
            return Ruling.accept()
        if not context.models:
            if self.without_models == "pass":
                return Ruling.accept()
            return Ruling.reject(
                'the reviewer needs a model; name one (--model openai:NAME), or set without_models = "pass"'
            )
        if context.rng.random() < self.share_unreviewed:
            return Ruling.accept({"review": "bypassed"})
        try:
            answer = await context.ask(Request.of(_prompt(idea, proposal, parents, context)), self.model)
        except ModelError as error:
            return Ruling.reject(f"no review: {error}", {"review": "failed"})
        score = read_score(answer.text)
        noted = {"review": score}
        if score == UNREADABLE:
            return Ruling.reject("the review holds no readable score", noted)
        if score < self.threshold:
            return Ruling.reject(f"the review gives it {score:g} of 10; {self.threshold:g} are needed", noted)
        return Ruling.accept(noted)


def read_score(review: str) -> float:
    r"""Return the score in a review, or −1 when there is none, there are several different ones, or it is out of range.

    Args:
        review: a text with `\\boxed{7.5}` or `<score>7.5</score>`; `<think>` sections are ignored.
    """
    boxes = [first or second for first, second in _BOX.findall(_THOUGHT.sub("", review))]
    numbers = {float(box.strip()) if _NUMBER.fullmatch(box.strip()) else UNREADABLE for box in boxes}
    score = numbers.pop() if len(numbers) == 1 else UNREADABLE
    return score if 0.0 <= score <= _HIGHEST else UNREADABLE


def _prompt(idea: str, proposal: Proposal, parents: Sequence[Trial], context: Context) -> str:
    """Render the problem's own template, or the shipped one.

    Raises:
        ProblemError: the template has a mistake; says in which line.
    """
    own = context.problem.prompts.get(_TEMPLATE)
    data: dict[str, Any] = {
        "problem": context.problem,
        "idea": idea,
        "files": dict(proposal.program.files) if proposal.program is not None else {},
        "parent": {"number": parents[0].number, "score": parents[0].score} if parents else None,
    }
    try:
        return _environment().from_string(own if own is not None else _shipped()).render(**data).strip()
    except jinja2.TemplateError as error:
        line = getattr(error, "lineno", None)
        raise ProblemError(f"prompts/{_TEMPLATE}{f':{line}' if line else ''}: {error}") from error


@functools.cache
def _environment() -> jinja2.Environment:
    return ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@functools.cache
def _shipped() -> str:
    return (resources.files("evolve_plugins.gates") / "prompts" / _TEMPLATE).read_text(encoding="utf-8")

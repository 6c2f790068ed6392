"""`BestOfN`: draw several drafts, and evaluate only those that the model is most certain of, or agrees on."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.random import Generator
from pydantic import Field

from evolve import Context, Mutator, Program, Proposal, Trial
from evolve.fingerprint import source_key, text_key
from evolve.interfaces import ProblemFacts
from evolve.messages import Answer, Capabilities, ModelError
from evolve_plugins.mutators.llm.certainty import MEASURES, borda
from evolve_plugins.mutators.llm.contexts import Exchange, Guided
from evolve_plugins.mutators.llm.lockstep import InTurn, Turns
from evolve_plugins.mutators.llm.wrapping import Wrapper, as_it_is

__all__ = ["BestOfN"]

_SEEDS = 1 << 63


@dataclass(frozen=True, slots=True)
class _Draft:
    """A usable proposal, the exchange that led to it, and how certain the model was: −inf when nobody knows."""

    proposal: Proposal
    exchange: Exchange | None
    score: float


@dataclass
class BestOfN(Wrapper):
    """Draws several drafts at once, and hands on those that the model is most certain of.

    Drafts that are equal form a class. What programs *do* would tell more, but an operator has no sandbox to try them
    in: the classes are those of equal texts, or of sources that are equal but for names, comments and layout. Scores
    of different models do not compare; where a run has several, put this inside `llm`, which picks one per proposal.

    Args:
        n: drafts of one proposal, > 0.
        keep: how many are evaluated, each of another class, > 0 and at most `n`.
        score: "self_certainty" (needs alternatives per token), "mean_logprob" or "sequence_logprob" (need those of the
            tokens drawn), or "none", which counts equal drafts.
        top_k: alternatives per token to ask for, > 0; fewer where a model reports fewer.
        vocabulary: about how many tokens the model knows, > 0.
        vote: "none" takes the best scores; "borda" lets each draft vote for its class by its rank.
        p: power of the ranks in that vote, >= 0; 0 is the majority.
        cluster: which drafts are equal: those of the same "text", or of the same "source".
        on_missing: without log probabilities, "refuse" the problem, or let the "majority" of equal drafts decide.

    Reference: Kang et al., "Scalable best-of-N selection for large language models via self-certainty", 2025.
    """

    n: Annotated[int, Field(gt=0)] = 4
    keep: Annotated[int, Field(gt=0)] = 1
    score: Literal["self_certainty", "mean_logprob", "sequence_logprob", "none"] = "self_certainty"
    top_k: Annotated[int, Field(gt=0)] = 20
    vocabulary: Annotated[int, Field(gt=0)] = 100_000
    vote: Literal["none", "borda"] = "none"
    p: Annotated[float, Field(ge=0)] = 0.5
    cluster: Literal["text", "source"] = "source"
    on_missing: Literal["refuse", "majority"] = "refuse"
    name: ClassVar[str] = "best_of_n"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.keep > self.n:
            raise ValueError(f"keep = {self.keep} is more than n = {self.n}")

    def most_requests(self) -> int:
        return self.n * self.mutator.most_requests()

    def unfit(self, problem: ProblemFacts) -> str:
        silent = ", ".join(self._silent(problem.models))
        if not silent or self.on_missing == "majority":
            return self.mutator.unfit(problem)
        what = "alternatives per token" if self.score == "self_certainty" else "log probabilities"
        return (
            f'best_of_n needs {what}, which {silent} does not report; set score = "none", '
            'on_missing = "majority", or ask another model'
        )

    async def treat(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        inner, before, turns = as_it_is(self.mutator), Guided(context), Turns(self.n)
        alternatives = self._alternatives(context.models)
        contexts = [
            InTurn(before, top_logprobs=alternatives, own_rng=_child(context.rng), turns=turns, draft=number)
            for number in range(self.n)
        ]
        tasks = [asyncio.create_task(self._propose(inner, parents, each)) for each in contexts]
        try:
            made = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        drafts = [draft for found, _ in made for draft in found]
        refused = [proposal for _, proposals in made for proposal in proposals]
        if not drafts:
            return [_one_refusal(refused)] if refused else []
        kept = self._choose(drafts, context.problem, scored=alternatives > 0)
        for draft, _ in reversed(kept):
            if draft.exchange is not None:
                before.settle_on(draft.exchange)
        return [replace(d.proposal, notes={**d.proposal.notes, self.name: notes}) for d, notes in kept]

    async def _propose(
        self, inner: Mutator, parents: Sequence[Trial], context: InTurn
    ) -> tuple[list[_Draft], list[Proposal]]:
        """Return the usable drafts and the refusals of one attempt."""
        try:
            made = await inner.propose(parents, context)
        except ModelError as error:
            made = [Proposal.refused(self.name, str(error), tuple(parent.number for parent in parents))]
        finally:
            context.turns.leave(context.draft)
        exchange = context.exchanges[-1] if context.exchanges else None
        score = self._certainty(exchange.answer) if exchange is not None else -math.inf
        drafts = [_Draft(proposal, exchange, score) for proposal in made if proposal.program is not None]
        return drafts, [proposal for proposal in made if proposal.program is None]

    def _choose(
        self, drafts: Sequence[_Draft], problem: ProblemFacts, scored: bool
    ) -> list[tuple[_Draft, dict[str, Any]]]:
        """Return the best drafts of the best classes, each with what is to be noted of it."""
        known = scored and any(math.isfinite(draft.score) for draft in drafts)
        scores = [draft.score for draft in drafts] if known else [0.0] * len(drafts)
        keys = [self._key(draft.proposal.program, problem) for draft in drafts]
        best: dict[str, int] = {}
        for i, key in enumerate(keys):
            if key not in best or scores[i] > scores[best[key]]:
                best[key] = i
        votes = borda(keys, scores, self.p if known else 0.0)
        by_vote = self.vote == "borda" or not known
        order = sorted(best, key=lambda key: -votes[key] if by_vote else -scores[best[key]])
        common = {"by": self.score if known else "majority", "usable": len(drafts), "classes": len(best)}
        kept = []
        for key in order[: self.keep]:
            draft = drafts[best[key]]
            told = {"score": draft.score} if known and math.isfinite(draft.score) else {}
            kept.append((draft, {**common, **told, **({"votes": votes[key]} if by_vote else {})}))
        return kept

    def _key(self, program: Program | None, problem: ProblemFacts) -> str:
        assert program is not None
        return text_key(program) if self.cluster == "text" else source_key(program, problem.entry)

    def _certainty(self, answer: Answer) -> float:
        measure = MEASURES.get(self.score)
        return measure(answer.choices[0].logprobs, self.vocabulary) if measure is not None else -math.inf

    def _alternatives(self, models: Mapping[str, Capabilities]) -> int:
        """Return how many alternatives per token to ask for; 0 when the scores cannot be known."""
        if self.score == "none" or not models or self._silent(models):
            return 0
        if self.score != "self_certainty":
            return 1
        return min(self.top_k, *(abilities.top_k or self.top_k for abilities in models.values()))

    def _silent(self, models: Mapping[str, Capabilities]) -> list[str]:
        """Return the models that do not report what the scores need."""
        enough = {"self_certainty": {"top_k"}, "none": {"none", "sampled", "top_k"}}.get(
            self.score, {"sampled", "top_k"}
        )
        return [name for name, abilities in models.items() if abilities.logprobs not in enough]


def _child(rng: Generator) -> Generator:
    """Return a stream of its own for one draft, so that what a draft draws does not depend on the others."""
    return Generator(np.random.PCG64(int(rng.integers(_SEEDS))))


def _one_refusal(refused: Sequence[Proposal]) -> Proposal:
    """Return one refusal for those of all drafts."""
    return replace(refused[0], refusal="; ".join(dict.fromkeys(proposal.refusal for proposal in refused)))

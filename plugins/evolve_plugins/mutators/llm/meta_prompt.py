"""`MetaPrompt`: pieces of advice that are shown with the prompt, and that evolve by what they gain.

1. There is an archive of fragments, short pieces of strategic advice: those of the settings, else of the problem's
   `prompts/fragments.txt` (one a line), else a few general ones.
2. Each proposal shows one of them to the author of the program. Which one is drawn by Thompson sampling on what the
   programs gained that were written with it (see `credit`).
3. With probability `renew` a model first writes a new fragment, after the best and the worst ones, and the proposal
   shows that. When the proposal leads to a trial, the fragment enters the archive; in a full one the worst leaves.

The notes of a trial hold its fragment, and what entered and left with it: the record is enough to rebuild the archive.

Reference: Fernando et al., "Promptbreeder: self-referential self-improvement via prompt evolution", ICML 2024.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from evolve import Context, Proposal, Trial
from evolve.credit import Credit
from evolve.events import Refused
from evolve.interfaces import ProblemFacts
from evolve.messages import Request
from evolve_plugins.mutators.llm.answers import find_section
from evolve_plugins.mutators.llm.contexts import Guided
from evolve_plugins.mutators.llm.prompting import Part, Prompter
from evolve_plugins.mutators.llm.wrapping import Wrapper, as_it_is

__all__ = ["MetaPrompt"]

_FILE = "fragments.txt"
_LONGEST = 400
_LONGEST_PROMPT = 8_000
_SHOWN = 3
_FIRST = (
    "Look for symmetry in the problem, and use it.",
    "Find out what limits the score now, and change that alone.",
    "Search more cleverly: a better start, better moves, a better rule for when to stop.",
    "Combine a rough global search with an exact local improvement.",
    "Recall what is known about problems like this one, and build on it.",
    "Simplify: take away what does not earn its place, then strengthen what is left.",
)


@dataclass
class MetaPrompt(Wrapper):
    """Shows the author of each program a piece of advice, and lets the pieces of advice evolve (see the module).

    Args:
        fragments: the first pieces of advice; () takes the problem's, or a few general ones.
        size: how many are kept at most, the first ones included.
        renew: share of proposals for which a new one is written first.
        memory: after how many trials an experience counts half.
        window: how many recent trials a gain is ranked among.
    """

    fragments: tuple[str, ...] = ()
    size: Annotated[int, Field(gt=1)] = 12
    renew: Annotated[float, Field(ge=0, le=1)] = 0.1
    memory: Annotated[float, Field(gt=0)] = 200.0
    window: Annotated[int, Field(gt=0)] = 100
    name: ClassVar[str] = "meta_prompt"
    _written: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _left: set[str] = field(default_factory=set, init=False, repr=False)
    _credit: Credit = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._credit = Credit(self.memory, self.window, 1.0)

    def most_requests(self) -> int:
        return self.mutator.most_requests() + (self.renew > 0)

    def longest_prompt(self) -> int:
        return max(self.mutator.longest_prompt(), _LONGEST_PROMPT)

    def unfit(self, problem: ProblemFacts) -> str:
        return super().unfit(problem) if problem.models else f"{self.name} needs a model; name one: --model openai:NAME"

    def archive(self, problem: ProblemFacts) -> Mapping[str, str]:
        """Return the fragments as they are now: text by id, those that gained most first."""
        return dict(list(self._known(problem).items())[: self.size])

    async def treat(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        archive, before, mutator = self.archive(context.problem), Guided(context), self.mutator
        worth = {name: self._credit.worth(name, context.purpose, context.rng) for name in archive}
        chosen = max(worth, key=lambda name: worth[name])
        note: dict[str, Any] = {"id": chosen, "text": archive[chosen], "purpose": context.purpose}
        if context.rng.random() < self.renew:
            mutator, leaving = as_it_is(mutator), list(self._known(context.problem))[self.size - 1 :]
            text = _fragment((await before.ask(self._request(archive, context))).text)
            if text and _id(text) not in archive:
                note |= {"id": _id(text), "text": text, "new": True, "leaving": leaving}
        made = await mutator.propose(parents, Guided(before, hint=note["text"]))
        return [replace(proposal, notes={**proposal.notes, "fragment": note}) for proposal in made]

    def observe(self, trial: Trial, parents: Sequence[Trial]) -> None:
        super().observe(trial, parents)
        note = trial.notes.get("fragment") or {}
        purpose = note.get("purpose") or trial.notes.get("purpose", "improve")
        self._credit.learn(note.get("id"), purpose, trial, parents, 0.0)
        if note.get("new"):
            self._left.update(note["leaving"])
            self._left.discard(note["id"])
            self._written[note["id"]] = note["text"]
            self._written = {name: text for name, text in self._written.items() if name not in self._left}

    def observe_refusal(self, refused: Refused) -> None:
        super().observe_refusal(refused)
        note = refused.notes.get("fragment")
        if note and refused.notes.get("models", {}).get("tokens"):
            self._credit.learn_failure(note["id"], note["purpose"], 0.0)

    def _known(self, problem: ProblemFacts) -> dict[str, str]:
        """Return all fragments that have not left; several that entered at once may be more than there is room for."""
        lines = self.fragments or _lines(problem.prompts.get(_FILE, "")) or _FIRST
        first = [text for text in lines[: self.size] if _id(text) not in self._left]
        known = {_id(text): text for text in (*first, *self._written.values())}
        return {name: known[name] for name in sorted(known, key=lambda name: -self._credit.tally(name)[0])}

    def _request(self, archive: Mapping[str, str], context: Context) -> Request:
        """Return the request for a new fragment."""
        tallies = {name: self._credit.tally(name) for name in archive}
        tried = [{"text": archive[name], "gain": gain} for name, (gain, trials) in tallies.items() if trials]
        untried = [archive[name] for name, (_, trials) in tallies.items() if not trials]
        data = {"best": tried[:_SHOWN], "worst": tried[_SHOWN:][-_SHOWN:], "untried": untried[:_SHOWN]}
        parts = [Part("statement", {}), Part("fragment", {**data, "longest": _LONGEST})]
        return Request.of(Prompter(context.problem, _LONGEST_PROMPT).render(parts, {}))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _fragment(answer: str) -> str:
    """Return the fragment in an answer, or "" when there is none, or a long one."""
    text = " ".join(find_section(answer, "hint").split())
    return text if len(text) <= _LONGEST else ""


def _id(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()

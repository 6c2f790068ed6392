"""`RecordedAnswers`: answers that another run has paid for."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from evolve.calls import calls
from evolve.client import ModelClient
from evolve.errors import LedgerError
from evolve.messages import Answer, Capabilities, Fault, ModelError, Request
from evolve.record import reading

__all__ = ["RecordedAnswers"]


@dataclass
class RecordedAnswers(ModelClient):
    """Answers that another run has paid for: the same conversation gets the same answers, in their order, for nothing.

    A conversation that the other run did not have is a fault; so is one that comes more often than it did there.

    Args:
        model: the other run's folder.
    """

    model: str
    _answers: dict[str, list[Answer]] = field(default_factory=dict, init=False, repr=False)

    @property
    def local(self) -> bool:
        return True

    def capabilities(self) -> Capabilities:
        return Capabilities("top_k", 20, prefill=True, several=True, seed=True, images=True)

    async def start(self) -> None:
        found: dict[str, list[Answer]] = defaultdict(list)
        try:
            with reading(Path(self.model)) as record:
                for call in calls(record):
                    if call.answer is not None:
                        found[_conversation(call.request)].append(call.answer)
        except LedgerError as error:
            raise ModelError(Fault.UNKNOWN, str(error)) from error
        self._answers = {asked: answers[::-1] for asked, answers in found.items()}

    async def answer(self, request: Request) -> Answer:
        answers = self._answers.get(_conversation(request))
        if not answers:
            raise ModelError(Fault.UNRECORDED, f"{self.model} has no answer, or none left, to this conversation")
        return answers.pop()


def _conversation(request: Request) -> str:
    plain = request.to_plain()
    return json.dumps([plain["system"], plain["messages"], plain["prefill"], plain["n"]])

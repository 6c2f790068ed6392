"""The model's side of a run: `ModelClient`, which a plugin implements, and `Models`, which an operator is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Protocol

from evolve.messages import Answer, Capabilities, Request

__all__ = ["ModelClient", "Models"]


class ModelClient(ABC):
    """Answers one request after the other. Subclass it as a `@dataclass`; its init fields are its settings.

    Rate limits, retries, timeouts, prices and the record are wrapped around every client by the engine: a client
    sends a request once and says what came of it.

    Args:
        model: name of the model, as its server knows it.
    """

    model: str

    @property
    def address(self) -> str:
        """Where it is asked, for errors and for prices: a URL, or ""."""
        return ""

    @property
    def local(self) -> bool:
        """True when nobody else is asked, so that there is nothing to try before a run."""
        return False

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """Return what this model can do."""

    async def start(self) -> None:
        """Get ready before the first request.

        Raises:
            ModelError: what is missing, such as the environment variable with the key.
        """

    @abstractmethod
    async def answer(self, request: Request) -> Answer:
        """Answer a request, once: no retries here.

        Raises:
            ModelError: it did not; `fault` says whether trying again may help.
        """

    async def close(self) -> None:
        """Let go of connections."""


class Models(Protocol):
    """The models that an operator may ask while it makes one proposal."""

    @property
    def models(self) -> Mapping[str, Capabilities]:
        """What each model can do, by the name it has in this run; empty when the user named none."""

    async def ask(self, request: Request, model: str = "") -> Answer:
        """Ask a model, or answer from the record what was asked before the run was interrupted.

        Args:
            request: what to ask; `max_tokens` and `temperature` that are not set are the run's.
            model: its name; "" lets one be drawn by the weights that the user gave.

        Raises:
            ModelError: there was no answer. An operator may let it pass: the engine records a refusal.
        """

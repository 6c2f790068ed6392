"""`Scripted`: answers that a Python function or a folder of files gives; for tests, demonstrations and teaching."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from evolve.client import ModelClient
from evolve.loading import load_file
from evolve.messages import Answer, Capabilities, Choice, Fault, ModelError, Request

__all__ = ["Scripted"]

_BYTES_PER_TOKEN = 4


@dataclass
class Scripted(ModelClient):
    """Answers that a Python function or a folder of files gives; for tests, demonstrations and teaching.

    Args:
        model: "script.py:function" or "package.module:function", called with each `evolve.messages.Request` and
            answering text or an `Answer`; or a folder whose files, hidden ones left out, are the answers in turn.
        latency_s: how long an answer takes, seconds, >= 0.
    """

    model: str
    latency_s: Annotated[float, Field(ge=0)] = 0.0
    _answers: Callable[[Request], str | Answer] | None = field(default=None, init=False, repr=False)

    @property
    def local(self) -> bool:
        return True

    def capabilities(self) -> Capabilities:
        return Capabilities("top_k", 20, prefill=True, several=True, seed=True, images=True)

    async def start(self) -> None:
        try:
            self._answers = _find(self.model)
        except Exception as error:  # border: a user's script may raise anything while it is imported
            raise ModelError(Fault.UNKNOWN, f"no answers in {self.model!r}: {error}") from error

    async def answer(self, request: Request) -> Answer:
        assert self._answers is not None
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        try:
            said = self._answers(request)
        except ModelError:
            raise
        except Exception as error:  # border: a user's script may raise anything
            raise ModelError(Fault.MALFORMED, f"{self.model} raised {type(error).__name__}: {error}") from error
        if isinstance(said, Answer) and said.choices:
            return said
        if not isinstance(said, str):
            raise ModelError(Fault.MALFORMED, f"{self.model} answered {said!r}, which is neither text nor an Answer")
        asked = sum(_bytes(text) for text in (request.system, *(message.text for message in request.messages)))
        return Answer((Choice(said),) * request.n, _tokens(asked), _tokens(_bytes(said) * request.n))


def _find(place: str) -> Callable[[Request], str | Answer]:
    return _from_folder(Path(place)) if Path(place).is_dir() else _from_code(place)


def _from_folder(folder: Path) -> Callable[[Request], str]:
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    texts = [path.read_text(encoding="utf-8") for path in files]
    if not texts:
        raise FileNotFoundError("the folder is empty")
    given = 0

    def answer(request: Request) -> str:
        nonlocal given
        given += 1
        return texts[(given - 1) % len(texts)]

    return answer


def _from_code(place: str) -> Callable[[Request], Any]:
    file, colon, name = place.rpartition(":")
    if not colon:
        raise ValueError("write script.py:function, package.module:function, or a folder of answers")
    module = load_file(Path(file)) if file.endswith(".py") else importlib.import_module(file)
    function = getattr(module, name, None)
    if not callable(function):
        raise AttributeError(f"there is no function {name}()")
    return function  # type: ignore[no-any-return]


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _tokens(size: int) -> int:
    return -(-size // _BYTES_PER_TOKEN)

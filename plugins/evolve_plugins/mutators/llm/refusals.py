"""Why an answer made no program: typed, and in words that go back to the model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

__all__ = ["EditRefusal", "Refusal", "Refused", "refuse"]


class EditRefusal(StrEnum):
    """Why an answer made no program."""

    NO_BLOCK = "no_block"
    MALFORMED_BLOCK = "malformed_block"
    TRUNCATED = "truncated"
    SEARCH_NOT_FOUND = "search_not_found"
    AMBIGUOUS = "ambiguous"
    OUTSIDE_REGION = "outside_region"
    ELIDED = "elided"
    UNCHANGED = "unchanged"
    UNSAFE_PATH = "unsafe_path"
    UNKNOWN_FILE = "unknown_file"
    NOT_EVOLVABLE = "not_evolvable"
    SYNTAX = "syntax"


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that made no program.

    Args:
        reason: what kind of mistake it is.
        detail: one or a few lines for the model: what was wrong, where, and what to write instead.
    """

    reason: EditRefusal
    detail: str


class Refusal(Exception):
    """Carries reason and detail of a `Refused` out of the depth; it never leaves `edits`."""


def refuse(reason: EditRefusal, detail: str) -> NoReturn:
    """Refuse the answer that is being applied.

    Raises:
        Refusal: always.
    """
    raise Refusal(reason, detail)

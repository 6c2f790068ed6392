"""Strict reading of what candidates answer: each function returns plain data, or refuses in one line.

An evaluator reads an answer before it computes with it:

    circles = strict.numbers(candidate.call("pack", 26), shape=(26, 3), low=0.0, high=1.0)

What does not fit raises `Refused`; the engine turns that into `Outcome.invalid` with the same line as feedback. NaN,
infinity, complex numbers, booleans in place of numbers, text in place of numbers, and wrong shapes are all refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from evolve.errors import CandidateError

__all__ = ["Refused", "integer", "integers", "items", "json_data", "mapping", "number", "numbers", "text"]

_SHOWN = 60
_MOST_ITEMS = 2_000_000


class Refused(CandidateError):
    """An answer breaks the problem's rules. Let it pass: the candidate's outcome is invalid, with this line.

    Args:
        detail: one line that says what is wrong, and what would be right.
    """

    def __init__(self, detail: str) -> None:
        super().__init__("invalid", detail)


def number(value: Any, name: str = "the answer", *, low: float = -math.inf, high: float = math.inf) -> float:
    """Return a finite number as a float.

    Args:
        value: what the candidate answered.
        name: what to call it in a refusal.
        low: the smallest that is allowed.
        high: the largest that is allowed.

    Raises:
        Refused: it is anything else; True and False are no numbers.
    """
    value = _plain(value)
    if type(value) not in (int, float):
        raise Refused(f"{name} is {_shown(value)}; it must be a number")
    try:
        found = float(value)
    except OverflowError:
        raise Refused(f"{name} is too large for a float") from None
    if not math.isfinite(found):
        raise Refused(f"{name} is {found}; it must be a finite number")
    _within(value, name, low, high)
    return found


def integer(value: Any, name: str = "the answer", *, low: float = -math.inf, high: float = math.inf) -> int:
    """Return a whole number; 2.0 is none.

    Args:
        value: what the candidate answered.
        name: what to call it in a refusal.
        low: the smallest that is allowed.
        high: the largest that is allowed.

    Raises:
        Refused: it is anything else; True and False are no numbers.
    """
    value = _plain(value)
    if type(value) is not int:
        raise Refused(f"{name} is {_shown(value)}; it must be a whole number")
    _within(value, name, low, high)
    return value


def numbers(
    value: Any,
    *,
    shape: Sequence[int | None],
    low: float = -math.inf,
    high: float = math.inf,
    name: str = "the answer",
) -> list[Any]:
    """Return nested lists of finite floats.

    Args:
        value: what the candidate answered: nested lists or an array.
        shape: length along each axis, such as (26, 3); None leaves one open.
        low: the smallest number that is allowed.
        high: the largest number that is allowed.
        name: what to call it in a refusal.

    Raises:
        Refused: the shape or a number does not fit; the line names the first misfit.
    """
    found: list[Any] = _nested(value, shape, name, lambda item, place: number(item, place, low=low, high=high))
    return found


def integers(
    value: Any,
    *,
    shape: Sequence[int | None],
    low: float = -math.inf,
    high: float = math.inf,
    name: str = "the answer",
) -> list[Any]:
    """Return nested lists of whole numbers.

    Args:
        value: what the candidate answered: nested lists or an array.
        shape: length along each axis, such as (64,); None leaves one open.
        low: the smallest number that is allowed.
        high: the largest number that is allowed.
        name: what to call it in a refusal.

    Raises:
        Refused: the shape or a number does not fit; the line names the first misfit.
    """
    found: list[Any] = _nested(value, shape, name, lambda item, place: integer(item, place, low=low, high=high))
    return found


def items(value: Any, length: int | None = None, name: str = "the answer") -> list[Any]:
    """Return a list, with whatever is in it.

    Args:
        value: what the candidate answered.
        length: how many items it must have; None for any number.
        name: what to call it in a refusal.

    Raises:
        Refused: it is no list, or of another length.
    """
    found = _plain(value)
    if type(found) is not list:
        raise Refused(f"{name} is {_shown(found)}; it must be a list")
    if length is not None and len(found) != length:
        raise Refused(f"{name} has {len(found):,} items; it must have {length:,}")
    return found


def mapping(value: Any, keys: Sequence[str], name: str = "the answer") -> dict[str, Any]:
    """Return a dict that has exactly these keys.

    Args:
        value: what the candidate answered.
        keys: which it must have.
        name: what to call it in a refusal.

    Raises:
        Refused: it is no dict, or has other keys.
    """
    if type(value) is not dict or set(value) != set(keys):
        raise Refused(f"{name} must be a mapping with the keys {', '.join(keys)}; it is {_shown(value)}")
    return value


def text(value: Any, name: str = "the answer", *, longest: int = 1_000_000) -> str:
    """Return a string.

    Args:
        value: what the candidate answered.
        name: what to call it in a refusal.
        longest: how many characters are allowed.

    Raises:
        Refused: it is anything else, or longer.
    """
    if type(value) is not str:
        raise Refused(f"{name} is {_shown(value)}; it must be text")
    if len(value) > longest:
        raise Refused(f"{name} has {len(value):,} characters; {longest:,} are allowed")
    return value


def json_data(data: bytes, *, non_finite: bool = False) -> Any:
    """Parse JSON from the untrusted side: one document, no duplicate keys, no surprise of size or depth.

    Args:
        data: UTF-8 text.
        non_finite: let NaN, Infinity and -Infinity arrive as floats.

    Raises:
        ValueError: in a few words, why it is refused.
    """

    def constant(word: str) -> float:
        if not non_finite:
            raise ValueError(f"{word} is not data")
        return float(word.replace("Infinity", "inf"))

    def floating(digits: str) -> float:
        found = float(digits)
        return found if math.isfinite(found) else constant("a number beyond all floats")

    if data.count(b"[") + data.count(b"{") + data.count(b",") > _MOST_ITEMS:
        raise ValueError(f"more than {_MOST_ITEMS:,} items")
    try:
        return json.loads(data.decode(), parse_constant=constant, parse_float=floating, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _nested(value: Any, shape: Sequence[int | None], name: str, leaf: Callable[[Any, str], Any]) -> Any:
    if not shape:
        return leaf(value, name)
    found = items(value, shape[0], name)
    return [_nested(item, shape[1:], f"{name}[{i}]", leaf) for i, item in enumerate(found)]


def _plain(value: Any) -> Any:
    """Return an array's items as nested lists; anything else as it is."""
    return value.tolist() if hasattr(value, "dtype") and hasattr(value, "tolist") else value


def _within(value: float, name: str, low: float, high: float) -> None:
    if not low <= value <= high:
        said = f"at least {low:g}" if high == math.inf else f"at most {high:g}" if low == -math.inf else ""
        raise Refused(f"{name} is {_shown(value)}; it must be {said or f'from {low:g} to {high:g}'}")


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return f"a {type(value).__name__} of {len(value):,} items"
    said = repr(value[:_SHOWN] if isinstance(value, str | bytes) else value)
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}..."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found

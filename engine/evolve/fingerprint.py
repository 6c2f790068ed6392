"""Class keys: programs with equal keys behave the same, so one evaluation serves them all.

Levels, coarser and dearer from one to the next: the text, the normalised source, the dataflow of a straight-line
program, and what the program answers to a cheap probe.

Reference: functional equivalence checking as in Real et al., "AutoML-Zero", arXiv:2003.03384, 2020.
"""

from __future__ import annotations

import functools
import hashlib
import math
import re
import struct
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from evolve.program import Program
from evolve.source import canonical_text
from evolve.straight import NotStraight, Signature, dataflow_key, read

__all__ = ["behaviour_key", "error_signature", "source_key", "straight_key", "structure_key", "text_key"]

_DIGITS = 30
_FLOAT = struct.Struct("<cdi")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{4,}")
_NUMBER = re.compile(r"(?<!\w)-?(?:0x\w+|(?:float|complex)[^;\s]+);")  # as `canonical_text` writes them
_NEGATED = "UnaryOp(USub();)"
_FRAME = re.compile(r"  \S+:\d+( in |:|$)")


def text_key(program: Program) -> str:
    """Return a key that equal files share."""
    return f"t:{program.digest}"


def source_key(program: Program, entry: str) -> str:
    """Return a key that programs share when they differ in names, comments, layout or dead code only.

    A file that is not Python, does not parse, or looks at its own names or source counts with its exact text.

    Args:
        program: the program.
        entry: what is called from outside, a name or a signature such as "pack(n: int)"; several are separated by
            commas. With "" no top-level name is renamed.
    """
    names = frozenset(re.findall(r"[^\W\d]\w*", entry.partition("(")[0]))
    python = [path for path in program.files if path.endswith(".py")]
    siblings = frozenset(
        part for path in python for part in (*PurePosixPath(path).parts[:-1], PurePosixPath(path).stem)
    )
    entries = names if names and python == [program.main] else None
    return f"s:{_digest(_file_parts(program.files, entries, siblings))}"


def straight_key(program: Program, signature: Signature) -> str | None:
    """Return a key that straight-line programs share when they compute their results by the same graph of calls.

    Args:
        program: the program.
        signature: what straight-line programs of the problem are.

    Returns:
        None when it is no straight-line program.
    """
    if len(program.files) != 1:
        return None
    try:
        return dataflow_key(read(program.files[program.main], signature), signature.blocks.commutative)
    except NotStraight:
        return None


@functools.lru_cache(maxsize=512)
def structure_key(program: Program) -> str:
    """Return a key that programs share when they differ in their numbers only, and in what `source_key` passes over.

    A file that is not Python, or looks at itself, counts with its exact text.
    """
    parts = []
    for path, text in program.files.items():
        canonical = canonical_text(text, None) if path.endswith(".py") else None
        parts += [path, text if canonical is None else _NUMBER.sub(";", canonical).replace(_NEGATED, ";")]
    return f"n:{_digest(part.encode('utf-8', 'surrogatepass') for part in parts)}"


def _file_parts(files: Mapping[str, str], entries: frozenset[str] | None, siblings: frozenset[str]) -> Iterable[bytes]:
    for path, text in files.items():
        yield path.encode()
        yield _python_digest(text, entries, siblings) if path.endswith(".py") else _text_digest(b"t", text)


@functools.lru_cache(maxsize=512)
def _python_digest(text: str, entries: frozenset[str] | None, siblings: frozenset[str]) -> bytes:
    canonical = canonical_text(text, entries, siblings)
    return _text_digest(b"t", text) if canonical is None else _text_digest(b"s", canonical)


def _text_digest(kind: bytes, text: str) -> bytes:
    return kind + hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def behaviour_key(data: Any, digits: int = _DIGITS, scope: str = "") -> str:
    """Return a key that programs share when they answer a probe alike.

    NaN, the infinities and errors are answers like any other.

    Args:
        data: plain data, or the exception that came instead.
        digits: binary digits that count of a float's mantissa, 1 to 53.
        scope: what was asked by whom, as text: the digest of the problem; keys of different scopes differ.

    Raises:
        TypeError: the data are not plain.
    """
    return f"b:{_digest([scope.encode(), *_plain_parts(data, digits)])}"


def error_signature(status: str, detail: str) -> list[str]:
    """Return what two programs share that fail alike: how it ended, the error, and the place where it was raised.

    Args:
        status: how the program ended, one of the values of `evolve.Status`.
        detail: its traceback, shortened to its own lines (`evolve.CandidateError.detail`).

    Returns:
        Plain data for `behaviour_key`, without addresses of objects.
    """
    lines = _ADDRESS.sub("0x", detail).splitlines() or [""]
    frames = [place for place, line in enumerate(lines) if _FRAME.match(line)]
    place = lines[frames[-1]].strip() if frames else ""
    said = lines[frames[-1] + 1 :] if frames else lines
    return ["failed", status, place, "\n".join(said)]


def _plain_parts(data: Any, digits: int) -> Iterable[bytes]:
    if type(data) is float:  # most of what probes answer; one at a time, NumPy takes ten times as long
        yield _float_part(data, digits)
    elif isinstance(data, list | tuple):
        yield f"list {len(data)}".encode()
        for item in data:
            yield from _plain_parts(item, digits)
    elif isinstance(data, BaseException):
        status = getattr(data, "status", type(data).__name__)
        yield f"error {status} {_ADDRESS.sub('0x', str(data))}".encode("utf-8", "surrogatepass")
    elif data is None or isinstance(data, bool | np.bool_):
        yield f"{data}".encode()
    elif isinstance(data, int | np.integer):
        yield f"int {int(data):x}".encode()
    elif isinstance(data, float | complex | np.floating | np.complexfloating):
        yield from _number_parts(np.asarray(data), digits)
    elif isinstance(data, str):
        yield b"str" + data.encode("utf-8", "surrogatepass")
    elif isinstance(data, bytes):
        yield b"bytes" + data
    elif isinstance(data, np.ndarray):
        yield f"array {data.shape}".encode()
        yield from _number_parts(data, digits)
    elif isinstance(data, Mapping):
        yield f"dict {len(data)}".encode()
        for key in sorted(data, key=repr):
            yield from _plain_parts(key, digits)
            yield from _plain_parts(data[key], digits)
    else:
        raise TypeError(f"a probe answers with plain data, not {type(data).__name__}")


def _float_part(value: float, digits: int) -> bytes:
    """Return what `_number_parts` yields for an array of this one number."""
    if not math.isfinite(value):
        return _FLOAT.pack(b"f", math.nan if math.isnan(value) else value, 0)
    mantissa, exponent = math.frexp(value)
    rounded, carry = math.frexp(round(math.ldexp(mantissa, digits)))
    return _FLOAT.pack(b"f", rounded, exponent + carry if rounded else 0)


def _number_parts(values: np.ndarray[Any, Any], digits: int) -> Iterable[bytes]:
    if values.dtype.kind == "c":
        yield from _number_parts(values.real, digits)
        yield from _number_parts(values.imag, digits)
    elif values.dtype.kind == "f":
        wide = values.astype(np.float64)
        finite = np.isfinite(wide)
        mantissa, exponent = np.frexp(np.where(finite, wide, 0.0))
        rounded, carry = np.frexp(np.rint(np.ldexp(mantissa, digits)))  # it stays a fraction: no overflow at the top
        kept = np.where(finite, rounded + 0.0, np.where(np.isnan(wide), np.nan, wide))
        scale = np.where(rounded == 0.0, 0, exponent + carry)
        yield b"f" + kept.astype("<f8").tobytes() + scale.astype("<i4").tobytes()
    elif values.dtype.kind in "biu":
        yield values.dtype.kind.replace("u", "i").encode() + values.astype("<i8").tobytes()
    else:
        raise TypeError(f"a probe answers with numbers, not with an array of {values.dtype}")


def _digest(parts: Iterable[bytes]) -> str:
    whole = hashlib.blake2b(digest_size=16)
    for part in parts:
        whole.update(len(part).to_bytes(8, "little"))
        whole.update(part)
    return whole.hexdigest()

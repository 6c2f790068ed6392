"""What of a file may change: texts taken apart into frozen and evolvable parts, and put together again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, zip_longest

from evolve.errors import ProblemError
from evolve.program import Program, Region
from evolve_plugins.mutators.llm.matching import span
from evolve_plugins.mutators.llm.refusals import EditRefusal, refuse

__all__ = ["ended_like", "joined_like", "kept", "regions", "sections", "spans"]


def regions(path: str, text: str, limits: str = "") -> Sequence[Region]:
    """Return what may change.

    Args:
        path: of the file.
        text: of the file.
        limits: says in words what may change, when the text is not the parent's.

    Raises:
        Refusal: a marker has no partner.
    """
    try:
        return Program({path: text}).regions(path)
    except ProblemError as error:
        reason = EditRefusal.OUTSIDE_REGION if limits else EditRefusal.NOT_EVOLVABLE
        refuse(reason, f"{limits}the EVOLVE-BLOCK marker lines must stay as they are: {error}")


def spans(path: str, text: str) -> str:
    """Say which lines may change."""
    numbers = [span(r.start, r.stop) if r.start < r.stop else f"after {r.start}" for r in regions(path, text)]
    return f"only lines {' and '.join(numbers)} of {path} may change"


def sections(path: str, text: str, limits: str = "") -> list[str]:
    """Return frozen text, evolvable text, frozen text and so on; the first and the last are frozen, perhaps empty."""
    lines = text.splitlines(keepends=True)
    cuts = [0, *(cut for r in regions(path, text, limits) for cut in (r.start, r.stop)), len(lines)]
    return ["".join(lines[start:stop]) for start, stop in pairwise(cuts)]


def kept(path: str, before: str, after: str) -> str:
    """Return a changed text with the frozen parts of the original, when they differ in trailing space at most.

    Raises:
        Refusal: they differ in more.
    """
    limits = f"{spans(path, before)}; "
    old, new = sections(path, before), sections(path, after, limits)
    frozen, theirs = ([line.rstrip() for line in "".join(parts[::2]).rstrip().splitlines()] for parts in (old, new))
    for line, other in zip_longest(frozen, theirs, fillvalue=""):
        if line != other and not frozen:
            refuse(EditRefusal.OUTSIDE_REGION, f"{path} has no EVOLVE-BLOCK markers; leave `{other.strip()}` out")
        if line != other:
            refuse(EditRefusal.OUTSIDE_REGION, f"{limits}`{line[:99]}` must stay there, not `{other[:99]}`")
    return "".join(new[i] if i % 2 else old[i] for i in range(len(old)))


def ended_like(original: str, text: str) -> list[str]:
    """Return the lines of a text, each ended as the original ends its lines."""
    ended = text if not text or text.endswith("\n") else f"{text}\n"
    return [re.sub(r"(\r\n|\r|\n)\Z", _newline(original), line) for line in ended.splitlines(keepends=True)]


def joined_like(original: str, lines: Sequence[str]) -> str:
    """Return lines as a text that ends with a line break just as the original does."""
    newline = _newline(original)
    text = "".join(line + newline if line == line.splitlines()[0] else line for line in lines)
    return text if not original or original.endswith(("\n", "\r")) else text.removesuffix(newline)


def _newline(text: str) -> str:
    return "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"

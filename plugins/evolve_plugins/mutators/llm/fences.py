"""Code fences, followed line by line, and the lines of an answer that count: thoughts do not.

A fence may hold other fences. What reads an answer knows by `step` whether a tag or a marker is one, or is code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = ["Fence", "opening", "spoken", "step", "unfenced"]

_FENCE = re.compile(r"([ \t]*)(`{3,}(?=[^`]*$)|~{3,})(.*)")
_THOUGHT = re.compile(r"\s*<think(?:ing)?>")
_THOUGHT_END = re.compile(r"</think(?:ing)?>")
_LONE_THOUGHT_END = re.compile(r"\s*</think(?:ing)?>|.*</think(?:ing)?>\s*$")


@dataclass(frozen=True, slots=True)
class Fence:
    """An open fence.

    Args:
        indent: space before its marks.
        mark: the marks, three or more of one kind.
        info: what stands behind them.
        depth: how many fences of the same kind are open inside it, itself included.
    """

    indent: str
    mark: str
    info: str
    depth: int = 1


def opening(line: str) -> Fence | None:
    """Return the fence that a line by itself would open, or None when it has no fence."""
    match = _FENCE.fullmatch(line)
    return Fence(match[1], match[2], match[3].strip()) if match else None


def step(fence: Fence | None, line: str) -> Fence | None:
    """Return the fence that is open after a line.

    Args:
        fence: the one that is open before it, or None.
        line: without its end.
    """
    found = opening(line)
    if fence is None or found is None:
        return found if fence is None else fence
    same = found.mark[0] == fence.mark[0] and len(found.mark) >= len(fence.mark)
    if not same or len(found.indent) > len(fence.indent) + 3:
        return fence
    depth = fence.depth + (1 if found.info else -1)
    return replace(fence, depth=depth) if depth else None


def spoken(text: str) -> list[str]:
    """Return the lines of an answer; those of `<think>` sections are empty, so that line numbers stay right.

    Tags inside code are text. Some models leave out the first opening tag.
    """
    kept: list[str] = []
    fence: Fence | None = None
    thinking = opened = False
    for line in text.replace("\r\n", "\n").split("\n"):
        begun = _THOUGHT.match(line) if fence is None and not thinking else None
        if thinking or begun:
            opened = True
            end = _THOUGHT_END.search(line)
            thinking = end is None
            line = line[end.end() :] if end else ""
        elif not opened and (lone := _LONE_THOUGHT_END.match(line)):
            opened, fence, kept = True, None, [""] * len(kept)
            line = line[lone.end() :]
        opened = opened or "<think" in line
        fence = step(fence, line)
        kept.append(line)
    return kept


def unfenced(text: str) -> str | None:
    """Return a text without the fence that is around all of it, or None when there is no such fence."""
    lines = text.rstrip().lstrip("\n").split("\n")
    fence = opening(lines[0])
    closing = 0
    while fence is not None and closing < len(lines) - 1:
        closing += 1
        fence = step(fence, lines[closing])
    if not closing or fence is not None or closing < len(lines) - 1:
        return None
    return "".join(f"{line}\n" for line in lines[1:-1])

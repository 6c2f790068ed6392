"""What a language model wrote, as data: fenced files, SEARCH/REPLACE edits, sections.

Text in, data out. What is broken is reported, never left out: a file whose fence does not close is marked, and an edit
with a missing line names what it misses. `edits.py` applies the result.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from evolve_plugins.mutators.llm.fences import Fence, opening, spoken, step

__all__ = ["BlockProblem", "FileBlock", "SearchReplace", "find_blocks", "find_edits", "find_section"]

_START = re.compile(r"(<{5,9})\s*SEARCH:?", re.IGNORECASE)
_DIVIDER = re.compile(r"(={5,9})")
_END = re.compile(r"(>{5,9})(?:\s*REPLACE)?", re.IGNORECASE)
_FILE_NAME = re.compile(r"(?:\.[A-Za-z]\w*|(?:^|/)(?:Makefile|Dockerfile))$")
_LEAD = re.compile(r"(?:#{1,6}\s+|//\s+|[-+]\s+|\d+[.)]\s+)*")
_LABEL = re.compile(r"(?:new\s+)?(?:file\s?(?:name|path)?|path)\s*(:)?\s+", re.IGNORECASE)
_REMARK = re.compile(r"\((?:new|modified|changed|updated|new file)\)$", re.IGNORECASE)
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_NUMBER = re.compile(r"^\d+[.)]?\s+")
_WORDS = {
    "no_start": "it has no `<<<<<<< SEARCH` line before its `>>>>>>> REPLACE` line",
    "no_divider": "it has no `=======` line between SEARCH and REPLACE",
    "no_end": "it has no `>>>>>>> REPLACE` line at its end",
    "truncated": "the end of the answer cuts it off; be shorter",
}
_MARKDOWN = {"markdown", "md"}
_MOST_DIVIDERS = 12


class BlockProblem(StrEnum):
    """What an edit block misses."""

    NO_START = "no_start"
    NO_DIVIDER = "no_divider"
    NO_END = "no_end"
    TRUNCATED = "truncated"

    @property
    def words(self) -> str:
        """The problem in words, for the model."""
        return _WORDS[self]


@dataclass(frozen=True, slots=True)
class FileBlock:
    """A fenced code block.

    Args:
        path: the path that the model gave for it, or "".
        text: the lines inside the fence, each ended by a line feed, without the fence's own indentation.
        language: the first word after the fence, in lower case, or "".
        line: line of the answer that the fence opens on, counted from 1.
        closed: False when the answer ends before the fence does.
    """

    path: str
    text: str
    language: str = ""
    line: int = 0
    closed: bool = True


@dataclass(frozen=True, slots=True)
class SearchReplace:
    """One edit: find some lines, and put others in their place.

    Args:
        path: the path that the model gave for it, or "".
        search: the lines to find, each ended by a line feed; "" fills an empty region or makes a new file.
        replace: the lines to put there.
        line: line of the answer that the block starts on, counted from 1.
        problem: what the block misses, or None when it is whole.
        alternatives: other ways to read a block that has several divider lines, as pairs of (search, replace); the
            file tells which one is meant.
    """

    path: str
    search: str
    replace: str
    line: int = 0
    problem: BlockProblem | None = None
    alternatives: tuple[tuple[str, str], ...] = ()


def find_blocks(text: str) -> list[FileBlock]:
    """Return the fenced code blocks of an answer, in order.

    A fence with a language inside a fence of the same length is taken for a nested one, so that code which contains
    Markdown is not cut in the middle. A block of Markdown without a path is a wrapper: its inner blocks are returned.

    Args:
        text: the answer; `<think>` sections are ignored.
    """
    return _blocks(spoken(text), 0)


def find_edits(text: str) -> list[SearchReplace]:
    """Return the SEARCH/REPLACE blocks of an answer in order, malformed ones included, inside fences and outside.

    The path of a block stands on the line above it, on the fence around it or above that fence; a block that follows
    another one without a word in between is about the same file.

    Args:
        text: the answer; `<think>` sections are ignored.
    """
    lines = spoken(text)
    found: list[SearchReplace] = []
    fence: Fence | None = None
    around, previous, number = "", 0, 0
    while number < len(lines):
        if _marks(_START, lines[number]):
            adjacent = bool(found) and not any(line.strip() and not opening(line) for line in lines[previous:number])
            path = _path_above(lines, number) or around or (found[-1].path if adjacent else "")
            edit, number = _edit(lines, number, path, fence)
            found.append(edit)
            previous = number
            continue
        if _marks(_END, lines[number]) and not lines[number].strip().endswith(">"):
            found.append(SearchReplace("", "", "", number + 1, BlockProblem.NO_START))
        after = step(fence, lines[number])
        if after is None:
            around = ""
        elif fence is None:
            around = _info(after.info)[1] or _path_above(lines, number)
        fence = after
        number += 1
    return found


def find_section(text: str, name: str) -> str:
    """Return a section of an answer, without its title and without space around it.

    A section is `<name>...</name>`, perhaps not closed at the end of the answer, or else what follows the heading
    `# Name` up to the next heading of the same or a higher level; in any case of letters.

    Args:
        text: the answer; `<think>` sections are ignored.
        name: the tag or title.

    Returns:
        The text of the first such section, or "" when there is none.
    """
    lines = spoken(text)
    tag = re.escape(name)
    tagged = re.search(rf"<{tag}>(.*?)(?:</{tag}>|\Z)", "\n".join(lines), re.IGNORECASE | re.DOTALL)
    if tagged:
        return tagged[1].strip()
    return _under_heading(lines, name)


def _blocks(lines: Sequence[str], offset: int) -> list[FileBlock]:
    found: list[FileBlock] = []
    fence: Fence | None = None
    start = 0
    for number, line in enumerate(lines):
        after = step(fence, line)
        if fence is None:
            start = number
        elif after is None:
            found += _block(lines, start, number, fence, offset, closed=True)
        fence = after
    if fence is not None:
        found += _block(lines, start, len(lines), fence, offset, closed=False)
    return found


def _block(lines: Sequence[str], start: int, stop: int, fence: Fence, offset: int, *, closed: bool) -> list[FileBlock]:
    language, path = _info(fence.info)
    path = path or _path_above(lines, start)
    body = [_unindented(line, len(fence.indent)) for line in lines[start + 1 : stop]]
    if not closed and body and not body[-1]:
        body.pop()  # the answer's own last line feed
    inner = _blocks(body, offset + start + 1) if language in _MARKDOWN and not path else []
    return inner or [FileBlock(path, _joined(body), language, offset + start + 1, closed)]


def _unindented(line: str, width: int) -> str:
    blank = len(line) - len(line.lstrip(" \t"))
    return line[min(width, blank) :]


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _edit(lines: Sequence[str], start: int, path: str, fence: Fence | None) -> tuple[SearchReplace, int]:
    """Read the block that starts on a line; return it with the number of the line after it."""
    dividers: list[int] = []
    stop = start + 1
    while stop < len(lines) and not _marks(_END, lines[stop]) and not _marks(_START, lines[stop]):
        if _marks(_DIVIDER, lines[stop]) and len(dividers) < _MOST_DIVIDERS:
            dividers.append(stop)
        stop += 1
    problem: BlockProblem | None = None
    after = stop + 1
    if stop == len(lines):
        left_the_fence = fence is not None and any(step(fence, line) is None for line in lines[start + 1 :])
        problem = BlockProblem.NO_END if left_the_fence else BlockProblem.TRUNCATED
    elif _marks(_START, lines[stop]):
        problem, after = BlockProblem.NO_END, stop
    elif not dividers:
        problem = BlockProblem.NO_DIVIDER
    dividers.sort(key=lambda d: _marks(_DIVIDER, lines[d]) != _marks(_START, lines[start]))
    readings = [(lines[start + 1 : d], lines[d + 1 : stop]) for d in dividers] or [(lines[start + 1 : stop], [])]
    pairs = [(_joined(search), _joined(new)) for search, new in readings]
    return SearchReplace(path, *pairs[0], start + 1, problem, tuple(pairs[1:])), after


def _marks(marker: re.Pattern[str], line: str) -> int:
    """Return how many marker characters a line has; 0 when it is no such marker line."""
    match = marker.fullmatch(line.strip())
    return len(match[1]) if match else 0


def _info(info: str) -> tuple[str, str]:
    """Return the language and the path that stand on a fence line."""
    words = info.strip("{}").split()
    first = words[0] if words else ""
    language, colon, path = first.partition(":")
    if colon and path and not _is_path(language):
        return language.lower(), path
    if _is_path(language, slash=True):
        return "", language
    named = (word.strip("`\"'*():,") for word in words[1:])
    return language.lower(), next((word for word in named if _is_path(word, slash=True)), "")


def _path_above(lines: Sequence[str], number: int) -> str:
    """Return the path on the line above, or above one empty line; "" when that line says something else."""
    above = number - 1
    if above > 0 and not lines[above].strip():
        above -= 1
    if above < 0 or opening(lines[above]):
        return ""
    said = _LEAD.sub("", re.sub(r"[*`\"]", "", lines[above]).strip(), count=1)
    said = _REMARK.sub("", said.rstrip(": ")).strip()
    label = _LABEL.match(said)
    path = said[label.end() :] if label else said
    if not path or re.search(r"\s", path) or re.fullmatch(r"\W*", path):
        return ""
    return path if (label and label.group(1)) or _is_path(path) else ""


def _is_path(word: str, *, slash: bool = False) -> bool:
    """Tell whether a word looks like a path, a dangerous one included: that is for the reader to refuse.

    Args:
        word: a word without spaces.
        slash: a slash is enough, an ending is not needed.
    """
    if "://" in word or not re.search(r"\w", word):
        return False
    if _FILE_NAME.search(word) or word.startswith(("/", "../", "~/")):
        return True
    return slash and ("/" in word or "\\" in word)


def _under_heading(lines: Sequence[str], name: str) -> str:
    fence: Fence | None = None
    level, kept = 0, list[str]()
    for line in lines:
        heading = _HEADING.fullmatch(line.strip()) if fence is None else None
        fence = step(fence, line)
        if heading and level and len(heading[1]) <= level:
            break
        if level:
            kept.append(line)
        elif heading:
            title = _NUMBER.sub("", heading[2]).strip("#*_: \t")
            level = len(heading[1]) if title.casefold() == name.casefold() else 0
    return "\n".join(kept).strip()

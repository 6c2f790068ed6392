"""What a model wrote against the text of a file: where its quotation stands, what it changes, what it leaves out.

Models quote from memory: with other indentation, without empty lines, with a word changed. `find_lines` says where a
quotation belongs and how strictly that was compared; `merged` takes over what the model changed of it and nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from textwrap import dedent

from evolve_plugins.mutators.llm.fences import unfenced

__all__ = [
    "best_reading",
    "elided",
    "find_lines",
    "indentation",
    "merged",
    "most_like",
    "numbered",
    "similarity",
    "span",
]

_SIMILAR = 0.9
_CLEARLY = 0.05
_FEWEST_LINES = 3
_WORTH_QUOTING = 0.3
_MOST_WORK = 40_000_000
_LONGEST_LINE = 400
_LONGEST_SHOWN = 200
_MOST_SHOWN = 20

_COMMENT = re.compile(r"\s*(?:pass\b|\.{3})?\s*(?:#+|//+|/\*+|\*+(?=\s)|--+|;+|%+|<!--+)\s*(.*?)\s*(?:\*+/|--+>)?\s*")
_DOTS = re.compile(r"[(\[<{ ]*(?:\.{3,}|…)|(?:\.{3,}|…)[)\]>} ]*$")
_CODE = (
    r"code|functions?|methods?|class(es)?|file|module|program|script|body|implementation|logic|lines?|parts?|sections?|"
    r"helpers?|imports?|definitions?|loops?|block"
)
_STANDS = (
    r"unchanged|same|here|omitted|elided|before|untouched|identical|above|below|stays?|remains?|go(es)?|follows?|"
    r"continues?|brevity|shown"
)
_REST = r"rest|remaining|remainder|existing|else"
_FILLERS = (
    r"an?|the|of|this|that|your|my|our|is|are|as|in|for|and|all|others?|everything|nothing|anything|to|not|be|kept|keep|"
    r"with|from|previous(ly)?|original|old|exactly|no|changed?|changes|any|insert|put"
)
_ANY = rf"{_REST}|{_STANDS}|others?|previous|original|old|keep"
"""With dots around, one of these says that something is left out."""


# --- what it quotes ---------------------------------------------------------------------------------------------------


def find_lines(lines: Sequence[str], text: str) -> tuple[list[tuple[int, int]], int]:
    """Return where a text that a model quoted stands in a file, and how strictly that was compared.

    Whole lines are compared: to the letter (level 0); then without empty lines, space at the ends and common
    indentation (1); then, for three lines or more, by similarity (2): all places within 0.05 of the best one, if that
    has 0.9 or more. The first level that finds a place decides.

    Args:
        lines: the file, without line ends.
        text: what the model quoted; when it is blank, nothing is found.

    Returns:
        Places as (first line, line after the last), counted from 0, and the level.
    """
    search = text.splitlines()
    filled = [number for number, line in enumerate(lines) if line.strip()]
    have, wanted = [lines[n].strip() for n in filled], [line.strip() for line in search if line.strip()]
    exact = _windows(lines, search) if wanted else []
    if exact or not wanted:
        return [(k, k + len(search)) for k in exact], 0
    count, shape, level = len(wanted), _dedented(search), 1
    starts = [k for k in _windows(have, wanted) if _dedented([lines[n] for n in filled[k : k + count]]) == shape]
    if not starts and count >= _FEWEST_LINES:
        scores, level = similarity(wanted, have), 2
        best = max(scores, default=0.0)
        starts = [k for k, score in enumerate(scores) if best >= _SIMILAR and score > best - _CLEARLY]
    return [(filled[k], filled[k + count - 1] + 1) for k in starts], level


def similarity(wanted: Sequence[str], have: Sequence[str]) -> list[float]:
    """Return how similar each window of some lines is to others, 0 to 1: 2M/T as in `difflib`, line by line.

    Args:
        wanted: the lines to look for, not empty ones.
        have: the lines to look in, not empty ones; a window is as many of them as `wanted` has.
    """
    shares: dict[tuple[str, str], float] = {}
    matcher = SequenceMatcher(autojunk=False)
    if sum(map(len, wanted)) * sum(map(len, have)) <= _MOST_WORK:
        for a in {line for line in wanted if len(line) <= _LONGEST_LINE}:
            matcher.set_seq2(a)
            for b in {line for line in have if len(a) <= 3 * len(line) <= 9 * len(a) and len(line) <= _LONGEST_LINE}:
                matcher.set_seq1(b)
                shares[a, b] = matcher.ratio() if matcher.quick_ratio() > 0.5 else 0.0
    found: list[float] = []
    for k in range(len(have) - len(wanted) + 1 if wanted else 0):
        pairs = list(zip(wanted, have[k : k + len(wanted)], strict=True))
        total = sum(len(a) + len(b) for a, b in pairs)
        found.append(sum(shares.get((a, b), float(a == b)) * (len(a) + len(b)) for a, b in pairs) / total)
    return found


def _windows(lines: Sequence[str], wanted: Sequence[str]) -> list[int]:
    return [k for k in range(len(lines) - len(wanted) + 1) if lines[k : k + len(wanted)] == wanted]


def _dedented(lines: Sequence[str]) -> str:
    return dedent("\n".join(line.rstrip() for line in lines if line.strip()))


def best_reading(
    lines: Sequence[str], readings: Sequence[tuple[str, str]]
) -> tuple[str, str, list[tuple[int, int]], int]:
    """Return the reading of an edit that the file bears out, with its places and level as of `find_lines`.

    A SEARCH half with a code fence around it is read without the fence when it stands in the file only so.

    Args:
        lines: the file, without line ends.
        readings: pairs of SEARCH and REPLACE, the likeliest one first.
    """
    (search, new), *others = readings
    places, level = find_lines(lines, search)
    for other, its in others:
        found, its_level = find_lines(lines, other)
        # a longer text is less likely to stand there by chance
        if found and its_level < 2 and (not places or level == 2 or len(other) > len(search)):
            search, new, places, level = other, its, found, its_level
    bare = [(inside, unfenced(its) or its) for other, its in readings if (inside := unfenced(other) or "").strip()]
    if bare and not places:
        without = best_reading(lines, bare)
        return without if without[2] else (search, new, places, level)
    return search, new, places, level


def most_like(lines: Sequence[str], text: str) -> tuple[int, int] | None:
    """Return the place of a file that is most similar to a text which is not there, or None when nothing is like it.

    Args:
        lines: the file, without line ends.
        text: what was looked for.

    Returns:
        First line, counted from 0, and the line after the last.
    """
    filled = [n for n, line in enumerate(lines) if line.strip()]
    wanted = [line.strip() for line in text.splitlines() if line.strip()][: len(filled)]
    scores = similarity(wanted, [lines[n].strip() for n in filled])
    if max(scores, default=0.0) < _WORTH_QUOTING:
        return None
    best = scores.index(max(scores))
    return filled[best], filled[best + len(wanted) - 1] + 1


def numbered(lines: Sequence[str], start: int, stop: int) -> str:
    """Quote some lines of a file with their numbers, counted from 1."""
    shown = range(start, min(stop, len(lines), start + _MOST_SHOWN))
    return "\n".join(f"{number + 1}| {lines[number][:_LONGEST_SHOWN]}" for number in shown)


def span(start: int, stop: int) -> str:
    """Return the numbers of some lines in words, counted from 1, such as "3-5"."""
    return str(stop) if stop == start + 1 else f"{start + 1}-{stop}"


# --- what it changes --------------------------------------------------------------------------------------------------


def merged(search: Sequence[str], new: Sequence[str], window: Sequence[str]) -> list[str]:
    """Return new lines, with those that SEARCH has too as they are in the file, and the others indented likewise.

    The indentation changes by what most lines of the window have more, or less, than their partners in SEARCH.

    Args:
        search: what the model quoted.
        new: what it wants there.
        window: what stands there; as many lines that are not empty as `search` has.
    """
    filled = [i for i, line in enumerate(search) if line.strip()]
    ours = dict(zip(filled, (line for line in window if line.strip()), strict=True))
    pairs = Counter[tuple[str, str]]()
    for i, line in ours.items():
        less, more = indentation(search[i]), indentation(line)
        shared = less if more.endswith(less) else more if less.endswith(more) else ""
        pairs[less.removesuffix(shared), more.removesuffix(shared)] += 1
    less, more = pairs.most_common(1)[0][0]
    moved = [_moved(line, less, more) if line.strip() else line for line in new]
    made: list[str] = []
    matcher = SequenceMatcher(None, [line.rstrip() for line in search], [line.rstrip() for line in new])
    for tag, start, _, first, last in matcher.get_opcodes():
        kept = [ours.get(start + k, line) for k, line in enumerate(moved[first:last])]
        made += kept if tag == "equal" else moved[first:last]
    return made


def indentation(line: str) -> str:
    """Return the space at the start of a line."""
    return line[: len(line) - len(line.lstrip())]


def _moved(line: str, less: str, more: str) -> str:
    """Return a line with other indentation."""
    if line.startswith(less):
        return more + line[len(less) :]
    return line if more else line.lstrip()


# --- what it leaves out -----------------------------------------------------------------------------------------------


def elided(text: str, before: str) -> str:
    """Return the first line of a text that stands for code which is left out, such as "# ... rest unchanged ...".

    That is a comment of stock words alone, which the file does not have itself: "# existing code here" is one, and
    "# the rest of the circles" is none. Dots at its start or end make fewer words enough.

    Args:
        text: what a model wrote.
        before: the file; what stands there already is meant.

    Returns:
        The line without space around it, or "".
    """
    known = {line.strip() for line in before.splitlines()}
    return next((line.strip() for line in text.splitlines() if _is_placeholder(line) and line.strip() not in known), "")


def _is_placeholder(line: str) -> bool:
    comment = _COMMENT.fullmatch(line)
    said = (comment[1] if comment else line.strip()).lower()
    dots = bool(_DOTS.match(said) or _DOTS.search(said))
    words = re.findall(r"[a-z']+", said)
    if not words:
        return comment is not None and dots and not re.search(r"\w", said)
    if not (comment or _DOTS.match(said)) or re.search(r"\d", said):
        return False
    if not all(re.fullmatch(rf"{_CODE}|{_STANDS}|{_REST}|{_FILLERS}", word) for word in words):
        return False
    if dots:
        return _one_of(words, _ANY)
    return _one_of(words, _REST) and (_one_of(words, _STANDS) or "code" in words)


def _one_of(words: Sequence[str], pattern: str) -> bool:
    return any(re.fullmatch(pattern, word) for word in words)

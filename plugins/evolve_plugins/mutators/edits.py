"""Turning what a model wrote into a changed program, or into a typed reason why not.

The first level of `find_lines` that finds a SEARCH text decides, and two places are a refusal, not a guess; but a place
in an evolvable region wins over one in frozen text. Where the match is not to the letter, only the difference between
SEARCH and REPLACE is applied: lines that the model repeated stay as the file has them, new ones are indented likewise.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import pairwise, zip_longest
from pathlib import PurePosixPath
from typing import Literal, NoReturn

from evolve.errors import ProblemError
from evolve.program import Program, Region
from evolve_plugins.mutators.answers import BlockProblem, FileBlock, SearchReplace, find_edits, find_lines, similarity

__all__ = ["Applied", "EditRefusal", "How", "Refused", "apply_edits", "apply_rewrite"]

How = Literal["exact", "whitespace", "fuzzy", "rewrite"]
"""How an answer was matched with its parent, from strict to loose; a rewrite needs no match."""

_HOWS: Sequence[How] = ("exact", "whitespace", "fuzzy", "rewrite")
_WORTH_QUOTING = 0.3
_LONGEST_LINE = 200
_LONGEST_PATH = 240
_MOST_SHOWN = 20
_FORMAT = "`<<<<<<< SEARCH`, the lines to find, `=======`, the new lines, `>>>>>>> REPLACE`"
_ENDINGS = {"python": "py", "python3": "py", "c++": "cpp", "rust": "rs", "javascript": "js", "perl": "pl"}


class EditRefusal(StrEnum):
    """Why an answer made no program."""

    NO_BLOCK = "no_block"
    MALFORMED_BLOCK = "malformed_block"
    TRUNCATED = "truncated"
    SEARCH_NOT_FOUND = "search_not_found"
    AMBIGUOUS = "ambiguous"
    OUTSIDE_REGION = "outside_region"
    UNCHANGED = "unchanged"
    UNSAFE_PATH = "unsafe_path"
    UNKNOWN_FILE = "unknown_file"
    NOT_EVOLVABLE = "not_evolvable"
    SYNTAX = "syntax"


@dataclass(frozen=True, slots=True)
class Applied:
    """A program that differs from its parent, in evolvable text only.

    Args:
        program: the child.
        how: the loosest way in which any of the edits was matched.
    """

    program: Program
    how: How


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that made no program.

    Args:
        reason: what kind of mistake it is.
        detail: one or a few lines for the model: what was wrong, where, and what to write instead.
    """

    reason: EditRefusal
    detail: str


class _Refusal(Exception):
    """Carries a `Refused` out of the depth."""


def apply_edits(
    program: Program, edits: Sequence[SearchReplace], evolvable: Sequence[str] = ("*",)
) -> Applied | Refused:
    """Apply edits in order to the growing text, all or none.

    An edit without a path is about the main file, or about the only file that may change. An empty SEARCH fills the
    only empty region of a file, or makes a new file where `apply_rewrite` would.

    Args:
        program: the parent.
        edits: what `find_edits` found.
        evolvable: glob patterns of the files that may change.
    """
    drafts: dict[str, str] = {}
    level, where = 0, ""
    try:
        if not edits:
            _refuse(EditRefusal.NO_BLOCK, f"the answer has no SEARCH/REPLACE block; write {_FORMAT}")
        for number, edit in sorted(enumerate(edits, 1), key=lambda pair: pair[1].problem is None):
            where = f"edit {number}" + (f" (line {edit.line} of the answer): " if edit.line else ": ")
            if edit.problem is not None:
                cut = edit.problem is BlockProblem.TRUNCATED
                reason = EditRefusal.TRUNCATED if cut else EditRefusal.MALFORMED_BLOCK
                _refuse(reason, f"the block is broken, {edit.problem.words}; write {_FORMAT}")
            path = _resolve(program, drafts, edit.path, evolvable, new=not edit.search.strip())
            drafts[path], its_level = _edited(path, drafts.get(path, program.files.get(path)), edit)
            level = max(level, its_level)
        where = ""
        return Applied(_child(program, drafts), _HOWS[level])
    except _Refusal as refusal:
        reason, detail = refusal.args
        return Refused(reason, where + detail)


def apply_rewrite(
    program: Program, blocks: Sequence[FileBlock], evolvable: Sequence[str] = ("*",)
) -> Applied | Refused:
    """Put whole files, or the only evolvable region of a file, in place of the parent's.

    Blocks without a path count only when no block has one: the block in the language of the main file is that file, or
    the only file that may change. A new file is allowed when a pattern other than `*` matches its path, or when the
    program has several files and any pattern matches: a program of one file does not sprout others by itself.

    Args:
        program: the parent.
        blocks: what `find_blocks` found.
        evolvable: glob patterns of the files that may change.
    """
    try:
        chosen = _chosen(program, blocks, evolvable)
        drafts = {path: _rewritten(path, program.files.get(path, ""), block.text) for path, block in chosen.items()}
        return Applied(_child(program, drafts), "rewrite")
    except _Refusal as refusal:
        return Refused(*refusal.args)


def _refuse(reason: EditRefusal, detail: str) -> NoReturn:
    raise _Refusal(reason, detail)


def _resolve(program: Program, drafts: Mapping[str, str], path: str, evolvable: Sequence[str], *, new: bool) -> str:
    """Return the name of a file that may be changed, or be made if `new`."""
    files = {**program.files, **drafts}
    if not path:
        free = [name for name in program.files if _matches(name, evolvable)]
        path = free[0] if len(free) == 1 else program.main
    path = path if path in files else _safe(path)
    if path in files:
        if not _matches(path, evolvable):
            _refuse(EditRefusal.NOT_EVOLVABLE, f"{path} may not change; evolvable are {', '.join(evolvable)}")
        return path
    named = any(pattern != "*" and fnmatchcase(path, pattern) for pattern in evolvable)
    if not new or not (named or (len(program.files) > 1 and _matches(path, evolvable))):
        known = ", ".join(list(files)[:_MOST_SHOWN])
        why = "it may not be made" if new else "only an empty SEARCH makes one"
        _refuse(EditRefusal.UNKNOWN_FILE, f"there is no file {path}, and {why}; change one of {known}")
    return path


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _safe(path: str) -> str:
    """Return a path in plain form; refuse one that could leave the program."""
    parts = PurePosixPath(path).parts
    wild = not path.isprintable() or "\\" in path or re.match(r"[A-Za-z]:|[/~]", path)
    if wild or ".." in parts or not parts or len(path.encode()) > _LONGEST_PATH:
        _refuse(EditRefusal.UNSAFE_PATH, f"unsafe path {path[:60]!r}; write a plain relative path such as lib/a.py")
    return "/".join(parts)


def _child(program: Program, drafts: Mapping[str, str]) -> Program:
    """Return the changed program if it is a new one, can be stored in folders, and its changed Python parses."""
    child = program.child(drafts)
    if child == program:
        _refuse(EditRefusal.UNCHANGED, f"the answer leaves {', '.join(drafts)} as it was; write something else")
    for path, text in drafts.items():
        for folder in (str(parent) for name in child.files for parent in PurePosixPath(name).parents):
            if folder in child.files:
                _refuse(EditRefusal.UNSAFE_PATH, f"{folder} cannot be a file and a folder; give {path} another name")
        if re.search("[\ud800-\udfff]", text):
            _refuse(EditRefusal.MALFORMED_BLOCK, f"the text for {path} has half a Unicode character; write plain text")
        if path.endswith(".py") and text != program.files.get(path):
            _parse(path, text)
    return child


def _parse(path: str, text: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        line = error.lineno or 1
        place = f"line {line}, column {error.offset or 1}: {error.msg}"
        shown = _numbered(text.splitlines(), line - 1, line)
        _refuse(EditRefusal.SYNTAX, f"{path} would not parse at {place}\n{shown}\nWrite valid Python.")
    except (ValueError, RecursionError, MemoryError) as error:
        _refuse(EditRefusal.SYNTAX, f"{path} would not parse at line 1, column 1: {error!r}; write valid Python")


def _numbered(lines: Sequence[str], start: int, stop: int) -> str:
    """Quote lines with their numbers, counted from 1."""
    shown = range(start, min(stop, len(lines), start + _MOST_SHOWN))
    return "\n".join(f"{number + 1}| {lines[number][:_LONGEST_LINE]}" for number in shown)


def _regions(path: str, text: str, limits: str = "") -> Sequence[Region]:
    """Return what may change; `limits` says so when the text is not the parent's."""
    try:
        return Program({path: text}).regions(path)
    except ProblemError as error:
        reason = EditRefusal.OUTSIDE_REGION if limits else EditRefusal.NOT_EVOLVABLE
        _refuse(reason, f"{limits}the EVOLVE-BLOCK marker lines must stay as they are: {error}")


def _spans(path: str, text: str) -> str:
    """Say which lines may change."""
    spans = [_span(r.start, r.stop) if r.start < r.stop else f"after {r.start}" for r in _regions(path, text)]
    return f"only lines {' and '.join(spans)} of {path} may change"


def _span(start: int, stop: int) -> str:
    return str(stop) if stop == start + 1 else f"{start + 1}-{stop}"


def _sections(path: str, text: str, limits: str = "") -> list[str]:
    """Return frozen text, evolvable text, frozen text and so on; the first and the last are frozen, perhaps empty."""
    lines = text.splitlines(keepends=True)
    cuts = [0, *(cut for r in _regions(path, text, limits) for cut in (r.start, r.stop)), len(lines)]
    return ["".join(lines[start:stop]) for start, stop in pairwise(cuts)]


def _kept(path: str, before: str, after: str) -> str:
    """Return the changed text with the frozen parts of the original, if they differ in trailing space at most."""
    limits = f"{_spans(path, before)}; "
    old, new = _sections(path, before), _sections(path, after, limits)
    frozen, theirs = ([line.rstrip() for line in "".join(parts[::2]).rstrip().splitlines()] for parts in (old, new))
    for line, other in zip_longest(frozen, theirs, fillvalue=""):
        if line != other and not frozen:
            _refuse(EditRefusal.OUTSIDE_REGION, f"{path} has no EVOLVE-BLOCK markers; leave `{other.strip()}` out")
        if line != other:
            _refuse(EditRefusal.OUTSIDE_REGION, f"{limits}`{line[:99]}` must stay there, not `{other[:99]}`")
    return "".join(new[i] if i % 2 else old[i] for i in range(len(old)))


def _lines(text: str, original: str) -> list[str]:
    """Return new lines, each ended as the original ends its lines."""
    ended = text if not text or text.endswith("\n") else f"{text}\n"
    return [re.sub(r"(\r\n|\r|\n)\Z", _newline(original), line) for line in ended.splitlines(keepends=True)]


def _newline(text: str) -> str:
    return "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"


def _joined(lines: Sequence[str], original: str) -> str:
    """Return lines as a text that ends with a line break just as the original does."""
    newline = _newline(original)
    text = "".join(line + newline if line == line.splitlines()[0] else line for line in lines)
    return text if not original or original.endswith(("\n", "\r")) else text.removesuffix(newline)


def _edited(path: str, before: str | None, edit: SearchReplace) -> tuple[str, int]:
    """Return a text with one edit applied, and the level at which `find_lines` found it."""
    lines = (before or "").splitlines()
    search, new = edit.search, edit.replace
    places, level = find_lines(lines, search)
    for other, its in edit.alternatives:
        found, its_level = find_lines(lines, other)
        # a longer text is less likely to stand there by chance
        if found and its_level < 2 and (not places or level == 2 or len(other) > len(search)):
            search, new, places, level = other, its, found, its_level
    if before is None or not search.strip():
        return _filled(path, before or "", new), 0
    inside = [(a, b) for a, b in places if any(r.start <= b and a <= r.stop for r in _regions(path, before))]
    places = inside or places
    if not places:
        _refuse(EditRefusal.SEARCH_NOT_FOUND, _not_found(path, lines, search))
    if len(places) > 1:
        spots = ", ".join(_span(a, b) for a, b in places[:_MOST_SHOWN])
        advice = "add lines around the place you mean until the text is unique" if inside else _spans(path, before)
        reason = EditRefusal.AMBIGUOUS if inside else EditRefusal.OUTSIDE_REGION
        _refuse(reason, f"the SEARCH text stands in {path} at lines {spots}; {advice}")
    start, stop = places[0]
    raw = before.splitlines(keepends=True)
    if level and not all(line.strip() for line in (search.splitlines()[0], search.splitlines()[-1])):
        search, new = (re.sub(r"\A(?:[^\S\n]*\n)+", "", text.rstrip()) for text in (search, new))
    body = _lines(new, before)
    raw[start:stop] = _merged(search.splitlines(), body, raw[start:stop]) if level else body
    return _kept(path, before, _joined(raw, before)), level


def _filled(path: str, before: str, new: str) -> str:
    """Return a text with new lines in its only empty region."""
    raw = before.splitlines(keepends=True)
    empty = [r for r in _regions(path, before) if not "".join(raw[r.start : r.stop]).strip()]
    if len(empty) != 1:
        reason = EditRefusal.AMBIGUOUS if empty else EditRefusal.MALFORMED_BLOCK
        count = "several empty regions" if empty else "no empty region"
        _refuse(reason, f"the SEARCH text is empty and {path} has {count}; copy the lines to change into SEARCH")
    raw[empty[0].start : empty[0].stop] = _lines(new, before)
    return _kept(path, before, _joined(raw, before))


def _not_found(path: str, lines: Sequence[str], text: str) -> str:
    """Say what in the file is most similar to a text that is not there."""
    filled = [n for n, line in enumerate(lines) if line.strip()]
    wanted = [line.strip() for line in text.splitlines() if line.strip()][: len(filled)]
    scores = similarity(wanted, [lines[n].strip() for n in filled])
    if max(scores, default=0.0) < _WORTH_QUOTING:
        return f"neither the SEARCH text nor anything like it is in {path}; copy whole lines of the file, to the letter"
    best = scores.index(max(scores))
    start, stop = filled[best], filled[best + len(wanted) - 1] + 1
    detail = f"the SEARCH text is not in {path}; most like it: lines {_span(start, stop)}, copy them to the letter:"
    return f"{detail}\n{_numbered(lines, start, stop)}"


def _merged(search: Sequence[str], new: Sequence[str], window: Sequence[str]) -> list[str]:
    """Return new lines, with those that SEARCH has too as they are in the file, and the others indented likewise.

    The indentation changes by what most lines of the window have more, or less, than their partners in SEARCH.
    """
    filled = [i for i, line in enumerate(search) if line.strip()]
    ours = dict(zip(filled, (line for line in window if line.strip()), strict=True))
    pairs = Counter[tuple[str, str]]()
    for i, line in ours.items():
        less, more = _indentation(search[i]), _indentation(line)
        shared = less if more.endswith(less) else more if less.endswith(more) else ""
        pairs[less.removesuffix(shared), more.removesuffix(shared)] += 1
    less, more = pairs.most_common(1)[0][0]
    moved = [_moved(line, less, more) if line.strip() else line for line in new]
    merged: list[str] = []
    matcher = SequenceMatcher(None, [line.rstrip() for line in search], [line.rstrip() for line in new])
    for tag, start, _, first, last in matcher.get_opcodes():
        kept = [ours.get(start + k, line) for k, line in enumerate(moved[first:last])]
        merged += kept if tag == "equal" else moved[first:last]
    return merged


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _moved(line: str, less: str, more: str) -> str:
    """Return a line with other indentation."""
    if line.startswith(less):
        return more + line[len(less) :]
    return line if more else line.lstrip()


def _chosen(program: Program, blocks: Sequence[FileBlock], evolvable: Sequence[str]) -> dict[str, FileBlock]:
    """Return the blocks that are files, by the name of the file."""
    example = f"write each file whole in a block that opens with its path: ```python {program.main}"
    if not blocks:
        _refuse(EditRefusal.NO_BLOCK, f"the answer has no fenced code block; {example}")
    for block in blocks:
        if not block.closed:
            _refuse(EditRefusal.TRUNCATED, f"the answer ends within its code block on line {block.line}; be shorter")
    found = [(_resolve(program, {}, block.path, evolvable, new=True), block) for block in blocks if block.path]
    if not found:
        home = _resolve(program, {}, "", evolvable, new=False)
        fit = [b for b in blocks if _ENDINGS.get(b.language, b.language) == home.rpartition(".")[2]]
        found = [(home, block) for block in fit or [b for b in blocks if not b.language] or blocks]
    chosen: dict[str, FileBlock] = {}
    for path, block in found:
        if chosen.setdefault(path, block).text != block.text:
            where = f"the blocks on lines {chosen[path].line} and {block.line} of the answer"
            _refuse(EditRefusal.AMBIGUOUS, f"{where} both stand for {path}; {example}")
    return chosen


def _rewritten(path: str, before: str, text: str) -> str:
    """Return the text of a file after a block took its place, or that of its only region."""
    if find_edits(text):
        _refuse(EditRefusal.MALFORMED_BLOCK, f"the block for {path} has SEARCH/REPLACE lines; write the whole file")
    if before.strip() and not text.strip():
        _refuse(EditRefusal.MALFORMED_BLOCK, f"the block for {path} is empty; write the whole file")
    lines = _lines(text, before)
    old = _sections(path, before)
    if not any(old[::2]) or "EVOLVE-BLOCK-" in text:
        return _kept(path, before, _joined(lines, before))
    if len(old) > 3:
        _refuse(EditRefusal.AMBIGUOUS, f"{path} has several EVOLVE-BLOCK regions; write it whole, with the markers")
    margin = "" if _margin(lines) else _margin(old[1].splitlines())
    return old[0] + "".join(margin + line if line.strip() else line for line in lines) + old[2]


def _margin(lines: Sequence[str]) -> str:
    """Return the smallest indentation of a line."""
    return min((_indentation(line) for line in lines if line.strip()), key=len, default="")

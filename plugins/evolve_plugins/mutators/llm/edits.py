"""Turning what a model wrote into a changed program, or into a typed reason why not.

The first level of `find_lines` that finds a SEARCH text decides, and two places are a refusal, not a guess; but a place
in an evolvable region wins over one in frozen text. Where the match is not to the letter, only the difference between
SEARCH and REPLACE is applied: lines that the model repeated stay as the file has them, new ones are indented likewise.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Literal

from evolve.program import Program
from evolve_plugins.mutators.llm.answers import BlockProblem, FileBlock, SearchReplace, find_edits
from evolve_plugins.mutators.llm.fences import opening, unfenced
from evolve_plugins.mutators.llm.matching import best_reading, elided, indentation, merged, most_like, numbered, span
from evolve_plugins.mutators.llm.refusals import EditRefusal, Refusal, Refused, refuse
from evolve_plugins.mutators.llm.regions import ended_like, joined_like, kept, regions, sections, spans

__all__ = ["Applied", "EditRefusal", "How", "Refused", "apply_edits", "apply_rewrite"]

How = Literal["exact", "whitespace", "fuzzy", "rewrite"]
"""How an answer was matched with its parent, from strict to loose; a rewrite needs no match."""

_HOWS: Sequence[How] = ("exact", "whitespace", "fuzzy", "rewrite")
_LONGEST_PATH = 240
_MOST_SHOWN = 20
_FORMAT = "`<<<<<<< SEARCH`, the lines to find, `=======`, the new lines, `>>>>>>> REPLACE`"
_PROSE = (".md", ".markdown", ".rst", ".txt")
_ENDINGS = {"python": "py", "python3": "py", "c++": "cpp", "rust": "rs", "javascript": "js", "perl": "pl"}


@dataclass(frozen=True, slots=True)
class Applied:
    """A program that differs from its parent, in evolvable text only.

    Args:
        program: the child.
        how: the loosest way in which any of the edits was matched.
    """

    program: Program
    how: How


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
            refuse(EditRefusal.NO_BLOCK, f"the answer has no SEARCH/REPLACE block; write {_FORMAT}")
        for number, edit in sorted(enumerate(edits, 1), key=lambda pair: pair[1].problem is None):
            where = f"edit {number}" + (f" (line {edit.line} of the answer): " if edit.line else ": ")
            if edit.problem is not None:
                cut = edit.problem is BlockProblem.TRUNCATED
                reason = EditRefusal.TRUNCATED if cut else EditRefusal.MALFORMED_BLOCK
                refuse(reason, f"the block is broken, {edit.problem.words}; write {_FORMAT}")
            path = _resolve(program, drafts, edit.path, evolvable, new=not edit.search.strip())
            drafts[path], its_level = _edited(path, drafts.get(path, program.files.get(path)), edit)
            level = max(level, its_level)
        where = ""
        return Applied(_child(program, drafts), _HOWS[level])
    except Refusal as refusal:
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
    except Refusal as refusal:
        return Refused(*refusal.args)


def _resolve(program: Program, drafts: Mapping[str, str], path: str, evolvable: Sequence[str], *, new: bool) -> str:
    """Return the name of a file that may be changed, or be made if `new`."""
    files = {**program.files, **drafts}
    if not path:
        free = [name for name in program.files if _matches(name, evolvable)]
        path = free[0] if len(free) == 1 else program.main
    path = path if path in files else _safe(path)
    if path in files:
        if not _matches(path, evolvable):
            refuse(EditRefusal.NOT_EVOLVABLE, f"{path} may not change; evolvable are {', '.join(evolvable)}")
        return path
    named = any(pattern != "*" and fnmatchcase(path, pattern) for pattern in evolvable)
    if not new or not (named or (len(program.files) > 1 and _matches(path, evolvable))):
        known = ", ".join(list(files)[:_MOST_SHOWN])
        why = "it may not be made" if new else "only an empty SEARCH makes one"
        refuse(EditRefusal.UNKNOWN_FILE, f"there is no file {path}, and {why}; change one of {known}")
    return path


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _safe(path: str) -> str:
    """Return a path in plain form; refuse one that could leave the program."""
    parts = PurePosixPath(path).parts
    wild = not path.isprintable() or "\\" in path or re.match(r"[A-Za-z]:|[/~]", path)
    if wild or ".." in parts or not parts or len(path.encode()) > _LONGEST_PATH:
        refuse(EditRefusal.UNSAFE_PATH, f"unsafe path {path[:60]!r}; write a plain relative path such as lib/a.py")
    return "/".join(parts)


def _child(program: Program, drafts: Mapping[str, str]) -> Program:
    """Return the changed program if it is a new one, can be stored in folders, and its changed Python parses."""
    child = program.child(drafts)
    if child == program:
        refuse(EditRefusal.UNCHANGED, f"the answer leaves {', '.join(drafts)} as it was; write something else")
    for path, text in drafts.items():
        for folder in (str(parent) for name in child.files for parent in PurePosixPath(name).parents):
            if folder in child.files:
                refuse(EditRefusal.UNSAFE_PATH, f"{folder} cannot be a file and a folder; give {path} another name")
        if re.search("[\ud800-\udfff]", text):
            refuse(EditRefusal.MALFORMED_BLOCK, f"the text for {path} has half a Unicode character; write plain text")
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
        shown = numbered(text.splitlines(), line - 1, line)
        refuse(EditRefusal.SYNTAX, f"{path} would not parse at {place}\n{shown}\nWrite valid Python.")
    except (ValueError, RecursionError, MemoryError) as error:
        refuse(EditRefusal.SYNTAX, f"{path} would not parse at line 1, column 1: {error!r}; write valid Python")


def _edited(path: str, before: str | None, edit: SearchReplace) -> tuple[str, int]:
    """Return a text with one edit applied, and the level at which `find_lines` found it."""
    lines = (before or "").splitlines()
    search, new, places, level = best_reading(lines, ((edit.search, edit.replace), *edit.alternatives))
    if not path.endswith(_PROSE) and not any(map(opening, lines)):
        bare = unfenced(new)
        new = new if bare is None else bare
    _refuse_elision(path, before or "", new)
    if before is None or not search.strip():
        return _filled(path, before or "", new), 0
    inside = [(a, b) for a, b in places if any(r.start <= b and a <= r.stop for r in regions(path, before))]
    places = inside or places
    if not places:
        refuse(EditRefusal.SEARCH_NOT_FOUND, _not_found(path, lines, unfenced(search) or search))
    if len(places) > 1:
        spots = ", ".join(span(a, b) for a, b in places[:_MOST_SHOWN])
        advice = "add lines around the place you mean until the text is unique" if inside else spans(path, before)
        reason = EditRefusal.AMBIGUOUS if inside else EditRefusal.OUTSIDE_REGION
        refuse(reason, f"the SEARCH text stands in {path} at lines {spots}; {advice}")
    start, stop = places[0]
    raw = before.splitlines(keepends=True)
    if level and not all(line.strip() for line in (search.splitlines()[0], search.splitlines()[-1])):
        search, new = (re.sub(r"\A(?:[^\S\n]*\n)+", "", text.rstrip()) for text in (search, new))
    body = ended_like(before, new)
    raw[start:stop] = merged(search.splitlines(), body, raw[start:stop]) if level else body
    return kept(path, before, joined_like(before, raw)), level


def _filled(path: str, before: str, new: str) -> str:
    """Return a text with new lines in its only empty region."""
    raw = before.splitlines(keepends=True)
    empty = [r for r in regions(path, before) if not "".join(raw[r.start : r.stop]).strip()]
    if len(empty) != 1:
        reason = EditRefusal.AMBIGUOUS if empty else EditRefusal.MALFORMED_BLOCK
        count = "several empty regions" if empty else "no empty region"
        refuse(reason, f"the SEARCH text is empty and {path} has {count}; copy the lines to change into SEARCH")
    raw[empty[0].start : empty[0].stop] = ended_like(before, new)
    return kept(path, before, joined_like(before, raw))


def _not_found(path: str, lines: Sequence[str], text: str) -> str:
    """Say what in the file is most similar to a text that is not there."""
    place = most_like(lines, text)
    if place is None:
        return f"neither the SEARCH text nor anything like it is in {path}; copy whole lines of the file, to the letter"
    detail = f"the SEARCH text is not in {path}; most like it: lines {span(*place)}, copy them to the letter:"
    return f"{detail}\n{numbered(lines, *place)}"


def _refuse_elision(path: str, before: str, text: str) -> None:
    line = elided(text, before)
    if line:
        what = f"`{line[:99]}` in the text for {path} stands for code that you left out"
        refuse(EditRefusal.ELIDED, f"{what}; write that code out, for nothing is filled in")


def _chosen(program: Program, blocks: Sequence[FileBlock], evolvable: Sequence[str]) -> dict[str, FileBlock]:
    """Return the blocks that are files, by the name of the file."""
    example = f"write each file whole in a block that opens with its path: ```python {program.main}"
    if not blocks:
        refuse(EditRefusal.NO_BLOCK, f"the answer has no fenced code block; {example}")
    for block in blocks:
        if not block.closed:
            refuse(EditRefusal.TRUNCATED, f"the answer ends within its code block on line {block.line}; be shorter")
    found = [(_resolve(program, {}, block.path, evolvable, new=True), block) for block in blocks if block.path]
    if not found:
        home = _resolve(program, {}, "", evolvable, new=False)
        fit = [b for b in blocks if _ENDINGS.get(b.language, b.language) == home.rpartition(".")[2]]
        found = [(home, block) for block in fit or [b for b in blocks if not b.language] or blocks]
    chosen: dict[str, FileBlock] = {}
    for path, block in found:
        if chosen.setdefault(path, block).text != block.text:
            where = f"the blocks on lines {chosen[path].line} and {block.line} of the answer"
            refuse(EditRefusal.AMBIGUOUS, f"{where} both stand for {path}; {example}")
    return chosen


def _rewritten(path: str, before: str, text: str) -> str:
    """Return the text of a file after a block took its place, or that of its only region."""
    if find_edits(text):
        refuse(EditRefusal.MALFORMED_BLOCK, f"the block for {path} has SEARCH/REPLACE lines; write the whole file")
    if before.strip() and not text.strip():
        refuse(EditRefusal.MALFORMED_BLOCK, f"the block for {path} is empty; write the whole file")
    _refuse_elision(path, before, text)
    lines = ended_like(before, text)
    old = sections(path, before)
    if len(old) == 3 and text.count("EVOLVE-BLOCK-START") == text.count("EVOLVE-BLOCK-END") == 1:
        inside = _only_the_region(path, text)
        lines, text = (lines, text) if inside is None else (ended_like(before, inside), inside)
    if not any(old[::2]) or "EVOLVE-BLOCK-" in text:
        return kept(path, before, joined_like(before, lines))
    if len(old) > 3:
        refuse(EditRefusal.AMBIGUOUS, f"{path} has several EVOLVE-BLOCK regions; write it whole, with the markers")
    margin = "" if _margin(lines) else _margin(old[1].splitlines())
    return old[0] + "".join(margin + line if line.strip() else line for line in lines) + old[2]


def _only_the_region(path: str, text: str) -> str | None:
    """Return what stands between the markers of a block that holds nothing else, or None."""
    parts = sections(path, text)
    around = [line for part in parts[::2] for line in part.splitlines()]
    bare = all("EVOLVE-BLOCK-" in line or not line.strip() for line in around)
    return parts[1] if bare and len(parts) == 3 else None


def _margin(lines: Sequence[str]) -> str:
    """Return the smallest indentation of a line."""
    return min((indentation(line) for line in lines if line.strip()), key=len, default="")

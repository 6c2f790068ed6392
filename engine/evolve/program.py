"""`Program`: named text files, addressed by their content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evolve.errors import ProblemError

__all__ = ["Program", "Region"]

_START = re.compile(r"EVOLVE-BLOCK-START")
_END = re.compile(r"EVOLVE-BLOCK-END")
_NOT_A_NAME = frozenset(("", ".", ".."))


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of one file that may be changed.

    Args:
        path: the file.
        start: first evolvable line, counted from 0.
        stop: line after the last evolvable one.
    """

    path: str
    start: int
    stop: int


class Program:
    """Named text files, content-addressed and immutable.

    One function, a whole repository, a prompt or a JSON vector are the same noun. Two programs with the same files
    are equal. A program that was read back from a record loads its text only when somebody looks at it.

    Args:
        files: text by relative POSIX path, such as `{"program.py": "def f(): ..."}`.

    Raises:
        ProblemError: there is no file, or a path is absolute or climbs out of the program.
    """

    __slots__ = ("_digest", "_files", "_load")

    def __init__(self, files: Mapping[str, str]) -> None:
        if not files:
            raise ProblemError("a program needs at least one file")
        for path in files:
            if not _NOT_A_NAME.isdisjoint(path.split("/")):
                raise ProblemError(f"unsafe path {path!r} in a program; write a plain relative path such as 'lib/a.py'")
        self._files: dict[str, str] | None = dict(sorted(files.items()))
        self._load: Callable[[], Mapping[str, str]] | None = None
        whole = hashlib.blake2b(digest_size=16)
        for path, text in self._files.items():
            for part in (path.encode(), text.encode("utf-8", "surrogatepass")):
                whole.update(len(part).to_bytes(8, "little"))
                whole.update(part)
        self._digest = whole.hexdigest()

    @classmethod
    def stored(cls, digest: str, load: Callable[[], Mapping[str, str]]) -> Program:
        """Return a program whose files are loaded on first use.

        Args:
            digest: the content address it was stored under, 32 hexadecimal digits.
            load: reads the files.
        """
        program = cls.__new__(cls)
        program._files = None
        program._load = load
        program._digest = digest
        return program

    @classmethod
    def from_path(cls, path: Path, name: str = "program.py") -> Program:
        """Read one file (stored as `name`) or a folder of text files.

        Args:
            path: a file, or a folder whose hidden files and caches are left out.
            name: what a single file is called inside the program.

        Raises:
            ProblemError: nothing is there, or a file is not UTF-8 text.
        """
        try:
            if path.is_file():
                return cls({name: path.read_text(encoding="utf-8")})
            found = {
                file.relative_to(path).as_posix(): file.read_text(encoding="utf-8")
                for file in sorted(path.rglob("*"))
                if file.is_file() and not any(p.startswith((".", "__pycache__")) for p in file.relative_to(path).parts)
            }
        except UnicodeDecodeError as error:
            raise ProblemError(f"{path} is not UTF-8 text ({error.reason})") from error
        if not found:
            raise ProblemError(f"no program at {path}; expected a file or a folder of text files")
        return cls(found)

    @property
    def files(self) -> Mapping[str, str]:
        """Text by relative path, sorted by path. Do not change it."""
        if self._files is None:
            assert self._load is not None
            self._files = dict(sorted(self._load().items()))
        return self._files

    @property
    def digest(self) -> str:
        """Content address, 32 hexadecimal digits."""
        return self._digest

    @property
    def main(self) -> str:
        """The file that holds the entry function: `program.py`, `main.py`, or the first Python file.

        Without Python it is `program.*`, `main.*`, or the first file.
        """
        files = self.files
        return [
            *(name for name in ("program.py", "main.py") if name in files),
            *(path for path in files if path.endswith(".py")),
            *(path for stem in ("program", "main") for path in files if path.rpartition(".")[0] == stem),
            *files,
        ][0]

    @property
    def text(self) -> str:
        """The text of the main file."""
        return self.files[self.main]

    def child(self, changes: Mapping[str, str | None]) -> Program:
        """Return a program with some files replaced, added, or (where the text is None) removed."""
        merged: dict[str, str] = dict(self.files)
        for path, text in changes.items():
            if text is None:
                merged.pop(path, None)
            else:
                merged[path] = text
        return Program(merged)

    def regions(self, path: str) -> tuple[Region, ...]:
        """Return the stretches of a file between EVOLVE-BLOCK-START and EVOLVE-BLOCK-END.

        A file without markers is one region. A marker line itself is not evolvable.

        Raises:
            ProblemError: a marker has no partner.
        """
        lines = self.files[path].splitlines()
        found: list[Region] = []
        start: int | None = None
        for number, line in enumerate(lines):
            if _START.search(line):
                if start is not None:
                    raise ProblemError(f"{path}:{number + 1}: EVOLVE-BLOCK-START inside an open block")
                start = number + 1
            elif _END.search(line):
                if start is None:
                    raise ProblemError(f"{path}:{number + 1}: EVOLVE-BLOCK-END without a start")
                found.append(Region(path, start, number))
                start = None
        if start is not None:
            raise ProblemError(f"{path}:{start}: EVOLVE-BLOCK-START without an end")
        return tuple(found) or (Region(path, 0, len(lines)),)

    def frozen_parts(self) -> Mapping[str, str]:
        """Return, per file, the text outside its evolvable regions; a child must keep it to the letter."""
        outside: dict[str, str] = {}
        for path, text in self.files.items():
            if "EVOLVE-BLOCK" not in text:
                outside[path] = ""
                continue
            inside: set[int] = set()
            for region in self.regions(path):
                inside.update(range(region.start, region.stop))
            outside[path] = "\n".join(line for i, line in enumerate(text.splitlines()) if i not in inside)
        return outside

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.files.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and other._digest == self._digest

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        return f"Program({self._digest[:8]}, {', '.join(self.files)})"

    def __reduce__(self) -> tuple[type[Program], tuple[dict[str, str]]]:
        return Program, (dict(self.files),)

"""A program's source as a syntax tree that can be edited and written back without touching frozen text.

Only statements inside the evolvable regions are edited. A region is written back only when its syntax changed, so
everything else keeps its comments and its layout to the letter.
"""

from __future__ import annotations

import ast
import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from evolve.errors import ProblemError
from evolve.interfaces import ProblemFacts
from evolve.primitives import PrimitiveSet
from evolve.program import Program

__all__ = ["Source", "Suite", "Unreadable", "Verbatim", "editable", "python_text", "verbatim"]

_LONG = 200
_NUMBERS = re.compile(r"[-+.,:\[\](){}\s\deE]+")


@dataclass(frozen=True, slots=True, repr=False)
class Verbatim:
    """A long table of numbers, standing in the tree as one constant: its text is kept, its numbers are out of reach."""

    text: str

    def __repr__(self) -> str:
        return self.text


class Unreadable(Exception):
    """The file cannot be edited: it is no Python, is frozen, or lacks the entry function."""


@dataclass
class Suite:
    """Consecutive statements of one block that lie inside an evolvable region.

    Args:
        owner: the block's list of statements, shared with the tree.
        start: index of the first evolvable one.
        tail: how many statements of the block come after the last evolvable one.
        first: first line of its text, counted from 0.
        stop: line after its text.
        indent: columns it is indented by.
        before: dump of its syntax when it was read.
    """

    owner: list[ast.stmt]
    start: int
    tail: int
    first: int
    stop: int
    indent: int
    before: str = ""

    @property
    def statements(self) -> list[ast.stmt]:
        """The evolvable statements as they are now."""
        return self.owner[self.start : len(self.owner) - self.tail]

    def dump(self) -> str:
        """Return the syntax of the statements as text, for comparison."""
        return "\n".join(ast.dump(s) for s in self.statements)

    def replace(self, statements: Sequence[ast.stmt]) -> None:
        """Put other statements in their place."""
        self.owner[self.start : len(self.owner) - self.tail] = list(statements)


@dataclass
class Source:
    """One file of a program, open for editing.

    Args:
        program: the program.
        path: which of its files.
        entry: name of the entry function.
    """

    program: Program
    path: str
    entry: str
    tree: ast.Module = field(init=False)
    suites: list[Suite] = field(init=False, default_factory=list)
    _lines: list[str] = field(init=False, repr=False)
    _opened: list[str] = field(init=False, repr=False, default_factory=list)

    def __post_init__(self) -> None:
        text = self.program.files[self.path]
        try:
            self.tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError) as error:
            raise Unreadable(f"{self.path} is not Python: {error}") from error
        self._lines = text.splitlines()
        _fold(self.tree, text)
        try:
            regions = self.program.regions(self.path)
        except ProblemError as error:
            raise Unreadable(str(error)) from error
        for region in regions:
            self.suites += _suites(self.tree.body, region.start, region.stop)
        for suite in self.suites:
            suite.before = suite.dump()

    @classmethod
    def open(cls, program: Program, problem: ProblemFacts) -> Source:
        """Open the file with the entry function, which must lie in an evolvable region.

        Raises:
            Unreadable: it cannot be edited.
        """
        if not _matches(program.main, problem.evolvable):
            raise Unreadable(f"{program.main} is frozen")
        source = cls(program, program.main, problem.entry)
        if source.home(problem.entry) is None:
            raise Unreadable(f"{program.main} has no evolvable function {problem.entry!r}")
        source.tidy(problem.primitives)
        source._opened = [suite.dump() for suite in source.suites]
        return source

    @property
    def function(self) -> ast.FunctionDef:
        """The entry function."""
        return next(s for s in self.tree.body if isinstance(s, ast.FunctionDef) and s.name == self.entry)

    def home(self, name: str) -> Suite | None:
        """Return the suite that holds a module-level function, or None when it is frozen or missing."""
        for suite in self.suites:
            if suite.owner is self.tree.body:
                for statement in suite.statements:
                    if isinstance(statement, ast.FunctionDef) and statement.name == name:
                        return suite
        return None

    def nodes(self) -> Iterator[ast.AST]:
        """Walk over all evolvable nodes."""
        for suite in self.suites:
            for statement in suite.statements:
                yield from ast.walk(statement)

    def replace_entry(self, text: str) -> None:
        """Put another entry function in place of the present one."""
        new = ast.parse(text).body
        suite = self.home(self.entry)
        assert suite is not None
        suite.replace([s for old in suite.statements for s in (new if old is self.function else [old])])

    def prepend(self, statement: ast.stmt) -> None:
        """Insert a statement at the top of the first evolvable suite, after its docstring and imports."""
        suite = self.suites[0]
        statements = suite.statements
        at = 0
        for number, old in enumerate(statements):
            if isinstance(old, ast.Import | ast.ImportFrom) or _is_text(old):
                at = number + 1
            else:
                break
        suite.replace([*statements[:at], statement, *statements[at:]])

    def remove(self, statement: ast.stmt) -> None:
        """Delete a statement that stands directly in a suite."""
        for suite in self.suites:
            suite.replace([s for s in suite.statements if s is not statement])

    def tidy(self, primitives: PrimitiveSet | None) -> None:
        """Import exactly the primitives that are used, and remove what nothing uses any more."""
        if primitives is not None:
            self._fit_imports(primitives)
        self._prune()

    @property
    def changed(self) -> bool:
        """True when its syntax differs from that of the tidy original."""
        return [suite.dump() for suite in self.suites] != self._opened

    def _fit_imports(self, primitives: PrimitiveSet) -> None:
        known = {block.name for block in primitives.primitives}
        used = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name)} & known
        for suite in self.suites:
            suite.replace([s for s in suite.statements if not _imports(s, primitives.module)])
        frozen = {a.asname or a.name for s in ast.walk(self.tree) if isinstance(s, ast.ImportFrom) for a in s.names}
        missing = sorted(used - frozen)
        if missing:
            self.prepend(ast.ImportFrom(primitives.module, [ast.alias(name) for name in missing], 0))

    def _prune(self) -> None:
        if len(self.program.files) > 1:
            return
        changed = True
        while changed:
            names = [n for n in ast.walk(self.tree) if isinstance(n, ast.Name)]
            used = {n.id for n in names if isinstance(n.ctx, ast.Load)} | {self.entry}
            changed = False
            for suite in self.suites:
                if suite.owner is self.tree.body:
                    kept = [s for s in suite.statements if not _dead(s, used)]
                    changed = changed or len(kept) < len(suite.statements)
                    suite.replace(kept)

    def write(self) -> Program:
        """Return the program with the edited suites written back."""
        lines = list(self._lines)
        for suite in sorted(self.suites, key=lambda s: -s.first):
            if suite.dump() != suite.before:
                text = python_text(suite.statements or [ast.Pass()])
                lines[suite.first : suite.stop] = [" " * suite.indent + t if t else t for t in text.splitlines()]
        return self.program.child({self.path: "\n".join(lines) + "\n"})


def editable(program: Program, problem: ProblemFacts) -> tuple[str, ...]:
    """Return the Python files of a program that may change, the main file first."""
    paths = [p for p in program.files if p.endswith(".py") and _matches(p, problem.evolvable)]
    return tuple(sorted(paths, key=lambda p: (p != program.main, p)))


def python_text(statements: Sequence[ast.stmt]) -> str:
    """Return statements as source text: two empty lines around functions."""
    parts: list[str] = []
    for number, statement in enumerate(statements):
        big = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        after = number > 0 and isinstance(statements[number - 1], ast.FunctionDef | ast.ClassDef)
        if number and (big or after):
            parts += ["", ""]
        text = ast.unparse(ast.fix_missing_locations(statement))
        if _is_text(statement) and '"""' not in text and "\\" not in text:
            text = f'"""{ast.literal_eval(text)}"""'
        parts.append(text)
    return "\n".join(parts)


def _suites(body: list[ast.stmt], start: int, stop: int) -> list[Suite]:
    found: list[Suite] = []
    run: list[int] = []
    for number, statement in enumerate(body):
        first, last = _first_line(statement) - 1, statement.end_lineno or statement.lineno
        if start <= first and last <= stop:
            run.append(number)
        elif first < stop and last > start:
            for name in ("body", "orelse", "finalbody"):
                found += _suites(getattr(statement, name, []) or [], start, stop)
    if run:
        top, end = body[run[0]], body[run[-1]]
        found.append(
            Suite(
                body,
                run[0],
                len(body) - run[-1] - 1,
                _first_line(top) - 1,
                end.end_lineno or end.lineno,
                top.col_offset,
            )
        )
    return found


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(d.lineno for d in decorators)])


def verbatim(text: str) -> ast.Constant:
    """Return a node that is written as this text."""
    constant = ast.Constant(None)
    constant.value = Verbatim(text)  # type: ignore[assignment]  # `ast.unparse` writes its repr
    return constant


def _fold(tree: ast.Module, text: str) -> None:
    """Replace long tables of numbers in assignments by `Verbatim` constants."""
    for statement in tree.body:
        match statement:
            case ast.Assign(value=ast.List() | ast.Tuple() | ast.Dict() as value) if value.end_lineno is not None:
                long = value.end_lineno > value.lineno or (value.end_col_offset or 0) - value.col_offset > _LONG
                written = ast.get_source_segment(text, value) if long else None
                if written and _NUMBERS.fullmatch(written):
                    statement.value = ast.copy_location(verbatim(written), value)


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _imports(statement: ast.stmt, module: str) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == module


def _dead(statement: ast.stmt, used: set[str]) -> bool:
    match statement:
        case ast.FunctionDef(name=name):
            return name not in used
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                return False
            return all((a.asname or a.name).split(".")[0] not in used and a.name != "*" for a in names)
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() | ast.List() | ast.Constant() | ast.Tuple()):
            return name not in used
    return False

"""`Syntax`: a proposal must parse, and may change only what is meant to change."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from evolve import Context, Gate, ProblemError, Program, Proposal, Trial
from evolve.interfaces import Ruling
from evolve.straight import NotStraight, read

__all__ = ["Syntax"]


@dataclass
class Syntax(Gate):
    """Turn away programs that do not parse, or that differ from their parent outside the evolvable parts."""

    async def judge(self, proposal: Proposal, parents: Sequence[Trial], context: Context) -> Ruling:
        """Reject with one line that names the file and the mistake."""
        program = proposal.program
        if program is None:
            return Ruling.reject(proposal.refusal or "no program")
        why = "" if _straight(program, context) else self._unparsable(program)
        if not why and parents:
            why = self._trespass(program, parents[0].program, context.problem.evolvable)
        return Ruling.reject(why) if why else Ruling.accept()

    def _unparsable(self, program: Program) -> str:
        for path, text in program:
            if not path.endswith(".py"):
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    ast.parse(text)
            except SyntaxError as error:
                return f"{path}:{error.lineno or 1}: {error.msg}"
            except ValueError as error:
                return f"{path}: {error}"
            except (RecursionError, MemoryError):
                return f"{path}: nested too deeply"
        return ""

    def _trespass(self, program: Program, parent: Program, evolvable: Sequence[str]) -> str:
        for path in sorted({*program.files, *parent.files}):
            if program.files.get(path) == parent.files.get(path):
                continue
            if not any(fnmatchcase(path, pattern) for pattern in evolvable):
                return f"{path}: may not change; evolvable are {', '.join(evolvable)}"
        try:
            after, before = program.frozen_parts(), parent.frozen_parts()
        except ProblemError as error:
            return str(error)
        for path, text in before.items():
            if "EVOLVE-BLOCK" in text and after.get(path) != text:
                return f"{path}: changed outside its EVOLVE-BLOCK regions"
        return ""


def _straight(program: Program, context: Context) -> bool:
    """Tell whether it is a straight-line program, which parses, in a tenth of the time."""
    blocks = context.problem.primitives
    if blocks is None or len(program.files) > 1:
        return False
    try:
        read(program.text, blocks)
    except NotStraight:
        return False
    return True

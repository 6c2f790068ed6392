"""The shipped gates."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from evolve import Gate, Program, Proposal, Trial
from evolve.interfaces import Ruling
from evolve.testing import GateContract, MemoryContext, make_facts, make_trial
from evolve_plugins.gates.syntax import Syntax

TEXT = "import math\n# EVOLVE-BLOCK-START\ndef solve():\n    return 1\n# EVOLVE-BLOCK-END\nLAST = 2\n"


def child(text: str, **others: str) -> Proposal:
    return Proposal(Program({"program.py": text, **others}), "test", (0,))


class TestSyntaxContract(GateContract):
    def make(self) -> Gate:
        return Syntax()

    def parents(self) -> Sequence[Trial]:
        return [make_trial(0, text=TEXT)]

    def good(self) -> Sequence[Proposal]:
        return [
            child(TEXT),
            child(TEXT.replace("return 1", "return 7\n\ndef helper():\n    pass")),
            child(TEXT, **{"data.json": "{not python"}),
        ]

    def bad(self) -> Sequence[Proposal]:
        return [
            child(TEXT.replace("return 1", "return (")),
            child(TEXT.replace("LAST = 2", "LAST = 3")),
            child(TEXT.replace("# EVOLVE-BLOCK-END", "")),
            child(TEXT, **{"lib.py": "x = = 1"}),
            child("x = " + "(" * 3000),
            child("x = '\0'"),
            Proposal.refused("test", "nothing to change"),
        ]


def judge(proposal: Proposal, parents: Sequence[Trial] = (), evolvable: tuple[str, ...] = ("*",)) -> Ruling:
    context = MemoryContext(problem=make_facts(evolvable=evolvable))

    async def ask() -> Ruling:
        return await Syntax().judge(proposal, parents, context)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TEXT.replace("return 1", "return ("), "program.py:4: '(' was never closed"),
        (TEXT.replace("LAST = 2", "LAST = 3"), "program.py: changed outside its EVOLVE-BLOCK regions"),
        (TEXT.replace("# EVOLVE-BLOCK-END", ""), "program.py:2: EVOLVE-BLOCK-START without an end"),
        ("x = 1\n", "program.py: changed outside its EVOLVE-BLOCK regions"),
    ],
)
def test_syntax_says_in_which_line_of_which_file_the_mistake_is(text: str, reason: str) -> None:
    assert judge(child(text), [make_trial(0, text=TEXT)]).reason == reason


def test_syntax_guards_files_that_are_not_evolvable() -> None:
    parent = Trial(0, Program({"program.py": "x = 1", "lib/table.py": "y = 2"}))
    allowed = Proposal(parent.program.child({"program.py": "x = 3"}), "test", (0,))
    assert judge(allowed, [parent], ("program.py",)).passed
    for change in ({"lib/table.py": "y = 3"}, {"lib/table.py": None}, {"new.py": "z = 1"}):
        ruling = judge(Proposal(parent.program.child(change), "test", (0,)), [parent], ("program.py",))
        assert ruling.reason == f"{next(iter(change))}: may not change; evolvable are program.py"


def test_syntax_lets_a_fresh_start_be_anything_that_parses() -> None:
    assert judge(child("x = 1\n")).passed

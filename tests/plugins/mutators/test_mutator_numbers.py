"""Numbers: literals of programs in any language change; names, text, comments and frozen parts do not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from evolve.interfaces import Mutator
from evolve.program import Program
from evolve.testing import MemoryContext, MutatorContract, make_facts, make_trial
from evolve.trial import Proposal, Trial
from evolve_plugins.mutators.numbers import Numbers

CPP = """// version 3 of 7
#include <array>
#define SIZE 64
// EVOLVE-BLOCK-START
double weight = 0.5f, x1 = 1e-3; /* was 99 */
const char *name = "level 42";
int table[8], octal = 017, hex = 0xFF, first = table[0];
// EVOLVE-BLOCK-END
int frozen = 11;
"""
PERL = "# give 5\nmy $n1 = 20;  # 30\nmy @a = (1) x 8; print '9';\n"


def trial(number: int, files: dict[str, str]) -> Trial:
    return replace(make_trial(number, 1.0), program=Program(files))


def proposals(files: dict[str, str], count: int = 200, evolvable: tuple[str, ...] = ("*",)) -> list[Proposal]:
    parent = trial(0, files)
    found = []
    for seed in range(count):
        context = MemoryContext({0: parent}, make_facts(evolvable=evolvable), np.random.default_rng(seed))
        found += asyncio.run(Numbers().propose([parent], context))
    return found


def changed_words(files: dict[str, str], path: str) -> set[str]:
    """Return the words of a file that some child has different."""
    words = files[path].split(" ")
    found: set[str] = set()
    for proposal in proposals(files):
        if proposal.program is not None:
            theirs = proposal.program.files[path].split(" ")
            found |= {old for old, new in zip(words, theirs, strict=True) if old != new}
    return found


class TestNumbersContract(MutatorContract):
    def make(self) -> Mutator:
        return Numbers()

    def parents(self) -> Sequence[Trial]:
        return [trial(0, {"program.cpp": CPP}), trial(1, {"program.cpp": CPP.replace("0.5f", "0.25f")})]


def test_it_changes_the_numbers_of_the_evolvable_part_and_nothing_else() -> None:
    assert changed_words({"program.cpp": CPP}, "program.cpp") == {
        "0.5f,",
        "1e-3;",
    }


def test_in_languages_with_another_kind_of_comment_it_leaves_these_alone() -> None:
    assert changed_words({"program.pl": PERL}, "program.pl") == {"20;", "(1)", "8;"}


def test_whole_numbers_stay_whole_and_fractions_stay_fractions() -> None:
    texts = [p.program.text for p in proposals({"a.c": "i = 10; f = 2.0; g = 1e3;"}) if p.program is not None]
    values = [[word.split(";")[0] for word in text.split("= ")[1:]] for text in texts]
    assert all(i.isdigit() for i, _, _ in values)
    assert all("." in x or "e" in x for _, f, g in values for x in (f, g))
    assert len({i for i, _, _ in values}) > 5


def test_python_is_left_to_those_who_read_it() -> None:
    [proposal] = proposals({"program.py": "x = 1.0\n"}, 1)
    assert proposal.refusal == "the parent has no literal to change outside Python files"


def test_only_files_that_may_change_do() -> None:
    files = {"main.c": "int a = 5;", "data.txt": "7"}
    made = [p.program for p in proposals(files, evolvable=("*.txt",)) if p.program is not None]
    assert made
    assert {program.files["main.c"] for program in made} == {"int a = 5;"}


@pytest.mark.parametrize("text", ["no numbers\n", "// EVOLVE-BLOCK-START\n5\n", "x = 0x1F;\n"])
def test_a_program_with_nothing_to_change_is_refused_in_one_line(text: str) -> None:
    [proposal] = proposals({"main.c": text}, 1)
    assert proposal.refusal
    assert "\n" not in proposal.refusal

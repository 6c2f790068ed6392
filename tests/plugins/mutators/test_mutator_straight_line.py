"""`straight_line` edits programs on their statements: every child is a straight-line program that fits its types."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from evolve.interfaces import Mutator, ProblemFacts
from evolve.primitives import Parameter, Primitive, PrimitiveSet
from evolve.straight import Signature, StraightProgram, read
from evolve.testing import MemoryContext, MutatorContract, make_facts, make_trial
from evolve.trial import Proposal, Trial
from evolve_plugins.mutators.straight_edits import EDITS, Editor
from evolve_plugins.mutators.straight_line import StraightLine


def _block(name: str, returns: str, *types: str) -> Primitive:
    return Primitive(name, tuple(Parameter(f"a{i}", t) for i, t in enumerate(types)), returns, 0.05)


BLOCKS = PrimitiveSet(
    "primitives",
    (
        _block("add", "float", "float", "float"),
        _block("largest", "float", "float", "float"),
        _block("half", "float", "float"),
        _block("where", "Set", "Name"),
        _block("size", "float", "Set"),
        Primitive("power", (Parameter("x", "float"), Parameter("k", "int", 1, 4)), "float", 0.05),
    ),
    "f",
    {"x": "float", "y": "float"},
    "float",
    {"Name": ("red", "blue")},
)
SIGNATURE = Signature(BLOCKS)
RULE = """from primitives import half, power, size, where


def f(x, y):
    x2 = half(x)
    x3 = power(y, 2)
    x4 = where('red')
    x5 = size(x4)
    x6 = x2 + x5
    return x6
"""
OTHER = """from primitives import largest


def f(u, v):
    big = largest(u, v)
    bigger = largest(big, 3.0)
    return bigger
"""
FREE = "def f(x, y):\n    return max(x for _ in range(3))\n"


class TestStraightLineContract(MutatorContract):
    def make(self) -> Mutator:
        return StraightLine()

    def facts(self) -> ProblemFacts:
        return make_facts(primitives=BLOCKS)

    def parents(self) -> Sequence[Trial]:
        return [make_trial(0, 2.0, text=RULE), make_trial(1, 1.0, text=OTHER)]


def _propose(mutator: StraightLine, seed: int, *texts: str, operator: str = "", purpose: str = "improve") -> Proposal:
    trials = [make_trial(number, 1.0, text=text) for number, text in enumerate(texts)]
    facts = make_facts(primitives=BLOCKS)
    context = MemoryContext(dict(enumerate(trials)), facts, np.random.default_rng(seed), purpose, operator, trials[1:])
    (proposal,) = asyncio.run(mutator.propose(trials, context))
    return proposal


def _child(proposal: Proposal) -> StraightProgram:
    assert proposal.program is not None, proposal.refusal
    return read(proposal.program.text, SIGNATURE)


@pytest.mark.parametrize("edit", EDITS)
def test_each_edit_leads_to_fitting_programs_that_are_new(edit: str) -> None:
    texts = set()
    parents = (OTHER, RULE) if edit == "jitter" else (RULE, OTHER)  # RULE has no free number
    for seed in range(40):
        proposal = _propose(StraightLine(edits=1), seed, *parents, operator=f"straight_line.{edit}")
        _child(proposal)
        assert proposal.operator == f"straight_line.{edit}"
        assert proposal.program is not None
        texts.add(proposal.program.text)
    assert parents[0] not in texts
    assert len(texts) >= {"delete": 1, "function": 1, "shrink": 3, "constant": 3}.get(edit, 10), "RULE allows few"


def test_edits_are_drawn_by_weight() -> None:
    paper = StraightLine(constant=0, function=0, grow=0, shrink=0, cross=0, edits=1)
    drawn = Counter(_propose(paper, seed, RULE).operator for seed in range(600))
    assert set(drawn) == {"straight_line.insert", "straight_line.delete", "straight_line.argument"}
    # deleting a statement whose value is read later does not pass, so delete is rarer than it is drawn
    assert drawn["straight_line.insert"] / drawn["straight_line.argument"] == pytest.approx(1.0, abs=0.3)


def test_an_insert_gives_a_value_to_a_new_name_or_one_of_its_type() -> None:
    rule, rng = read(RULE, SIGNATURE), np.random.default_rng(0)
    editor, known = Editor(SIGNATURE, rng), {"x", "y", "x2", "x3", "x5", "x6"}
    for _ in range(300):
        child = editor.insert(rule)
        if child is None:
            continue
        (made,) = Counter(child.statements) - Counter(rule.statements)
        returned = SIGNATURE.functions[made.function].returns
        fresh = made.target not in {*known, "x4"}
        assert fresh or (made.target in known if returned == "float" else made.target == "x4")


def test_a_new_free_constant_is_one_and_changed_ones_stay_in_their_range() -> None:
    editor = Editor(SIGNATURE, np.random.default_rng(1))
    inserted = [c for c in (editor.insert(read(RULE, SIGNATURE)) for _ in range(300)) if c is not None]
    numbers = {a for c in inserted for s in c.statements for a in s.arguments if type(a) is float}
    assert numbers == {1.0}
    changed = [c for c in (editor.constant(read(RULE, SIGNATURE)) for _ in range(300)) if c is not None]
    exponents = {a for c in changed for s in c.statements if s.function == "power" for a in s.arguments[1:]}
    assert exponents == {1, 2, 3, 4}
    assert {"red", "blue"} == {
        str(a) for c in changed for s in c.statements if s.function == "where" for a in s.arguments
    }


def test_a_new_expression_brings_the_values_of_other_types_that_it_needs() -> None:
    bare = "from primitives import half\n\n\ndef f(x, y):\n    x2 = half(x)\n    return x2\n"
    found = Counter[str]()
    for seed in range(200):
        child = _child(_propose(StraightLine(edits=1, prune=True), seed, bare, operator="straight_line.subtree"))
        assert all(child.live)
        found.update({statement.function for statement in child.statements})
    assert found["size"] == found["where"] > 10  # the size of a set, of which the parent had none
    others = [_propose(StraightLine(edits=1, prune=True), seed, bare).program for seed in range(200)]
    assert not any("size" in program.text for program in others if program is not None)


def test_wrapping_puts_a_call_of_an_argument_in_its_place_there_or_from_there_on() -> None:
    rule = read(
        "from primitives import half\n\n\ndef f(x, y):\n    a = half(x)\n    b = half(x)\n    return b\n", SIGNATURE
    )
    found = Counter[str]()
    functions = set()
    for seed in range(400):
        child = Editor(SIGNATURE, np.random.default_rng(seed)).wrap(rule)
        if child is None:
            continue
        place = next(i for i, s in enumerate(child.statements) if s not in rule.statements)
        made, rest = child.statements[place], child.statements[place + 1 :]
        functions.add(made.function)
        assert made.arguments.count("x") + made.arguments.count("b") >= 1
        if made.target in ("x", "b"):
            found["from there on"] += 1
            assert rest == rule.statements[place:]
            assert child.results == ("b",)
        elif child.results != ("b",):
            found["a result"] += 1
            assert (child.results, rest) == ((made.target,), ())
        else:
            found["an argument"] += 1
            assert next(s.arguments for s in rest if s.target in ("a", "b")) == (made.target,)
            assert sum(made.target in s.arguments for s in rest) == 1
    assert functions == {"add", "largest", "half", "power"}, "the others make no number of a number"
    assert min(found.values()) > 20


def test_growth_stops_at_the_longest_program() -> None:
    text = RULE
    for seed in range(60):
        proposal = _propose(StraightLine(max_statements=7, delete=0, shrink=0), seed, text)
        if proposal.program is not None:
            text = proposal.program.text
    assert len(read(text, SIGNATURE).statements) == 7


def test_what_is_taken_from_a_mate_is_credited_to_both() -> None:
    for seed in range(30):
        proposal = _propose(StraightLine(edits=1), seed, RULE, OTHER, operator="straight_line.cross")
        assert proposal.parents == (0, 1)
        assert any(s.function == "largest" for s in _child(proposal).statements)


def test_pruning_leaves_live_statements_only() -> None:
    for seed in range(30):
        assert all(_child(_propose(StraightLine(prune=True), seed, RULE, OTHER)).live)


def test_a_fresh_start_is_far_from_the_seed() -> None:
    near = np.mean([len(_child(_propose(StraightLine(edits=1), s, RULE)).statements) for s in range(40)])
    far = np.mean(
        [len(_child(_propose(StraightLine(edits=1), s, RULE, purpose="restart")).statements) for s in range(40)]
    )
    assert far > near + 0.5


def test_a_free_program_is_left_to_other_operators() -> None:
    proposal = _propose(StraightLine(), 0, FREE)
    assert proposal.program is None
    assert proposal.refusal.startswith("the parent is no straight-line program: line 2: ")


def test_it_says_what_it_needs() -> None:
    assert StraightLine().unfit(make_facts()) == "the problem offers no primitives"
    idle = StraightLine(**dict.fromkeys(EDITS, 0.0))
    assert idle.unfit(make_facts(primitives=BLOCKS)) == "all weights are 0"


def test_jitter_moves_all_free_numbers_that_matter_and_nothing_else() -> None:
    program = read(
        "from primitives import add\n\n\ndef f(u, v):\n"
        "    a = add(u, 0.999)\n    b = add(a, 40.0)\n    c = add(b, 7.0)\n    return b\n",
        SIGNATURE,
    )
    children = [c for c in (Editor(SIGNATURE, np.random.default_rng(s)).jitter(program) for s in range(200)) if c]
    numbers = np.array([[s.arguments[1] for s in child.statements] for child in children])
    assert len(children) > 150
    assert (numbers[:, 2] == 7.0).all()
    assert (np.abs(numbers[:, 1] - 40.0) > 0).mean() > 0.9
    near_one = np.abs(1.0 - numbers[:, 0])
    assert ((near_one > 0.0005) & (near_one < 0.002)).mean() > 0.3, "its distance from 1 is scaled, too"
    assert [(s.function, s.target) for s in children[0].statements] == [
        (s.function, s.target) for s in program.statements
    ]


@pytest.mark.parametrize("fresh", [0.0, 0.5, 1.0])
def test_an_inserted_statement_gets_a_new_name_as_often_as_asked(fresh: float) -> None:
    rule, editor = read(RULE, SIGNATURE), Editor(SIGNATURE, np.random.default_rng(2), fresh=fresh)
    new = []
    for child in (editor.insert(rule) for _ in range(2000)):
        if child is not None:
            (made,) = Counter(child.statements) - Counter(rule.statements)
            if SIGNATURE.functions[made.function].returns == "float":  # x and y are always there
                new.append(made.target not in {"x", "y", "x2", "x3", "x5", "x6"})
    assert sum(new) / len(new) == pytest.approx(fresh, abs=0.05)

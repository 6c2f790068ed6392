"""Operators that ask a model: what it is shown, what is done with its answer, and what the proposal says of that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evolve import Mutator, Program, Proposal, Trial
from evolve.evaluation import Limits, Outcome, Status
from evolve.interfaces import ProblemFacts
from evolve.messages import Answer, Capabilities, Choice, Fault, ModelError, Request
from evolve.primitives import Parameter, Primitive, PrimitiveSet
from evolve.testing import MemoryContext, MutatorContract, make_facts
from evolve.trial import Scored, TrialStatus
from evolve_plugins.mutators.llm.contexts import Guided
from evolve_plugins.mutators.llm.crossover import LlmCrossover
from evolve_plugins.mutators.llm.diff import LlmDiff
from evolve_plugins.mutators.llm.fix import LlmFix
from evolve_plugins.mutators.llm.from_scratch import LlmFromScratch
from evolve_plugins.mutators.llm.model_mutator import ModelMutator
from evolve_plugins.mutators.llm.rewrite import LlmRewrite

PROGRAM = "def solve():\n    return 1\n"
IDEA = "<idea>Return more.</idea>\n"
BLOCKS = PrimitiveSet(
    "blocks",
    (Primitive("grow", (Parameter("n", "int", 1, 9), Parameter("seed", "seed")), "Tree", 0.5, "Grow a tree."),),
    "solve",
    {},
    "Tree",
)
FACTS = replace(
    make_facts(primitives=BLOCKS),
    statement="Return a large number.\n",
    limits=Limits(wall_s=10, memory_mb=512, fuel=30),
    best_known={"only": 9.5},
    models={"made:up": Capabilities()},
)
Reply = Callable[[Request], str | Answer | ModelError]


def diff(old: str = "    return 1", new: str = "    return 2", path: str = "program.py") -> str:
    return f"{IDEA}{path}\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"


def block(text: str = "def solve():\n    return 2\n", path: str = "program.py") -> str:
    return f"{IDEA}```python {path}\n{text}```\n"


def trial(number: int = 0, score: float | None = 1.0, said: str = "", files: Any = PROGRAM, **rest: Any) -> Trial:
    """Return a judged trial; without a score it crashed, and `said` is the error."""
    outcome = Outcome.failed(Status.ERROR, said) if score is None else Outcome.ok(score, feedback=said)
    made = Trial(
        number,
        Program(files if isinstance(files, dict) else {"program.py": files}),
        status=TrialStatus.FAILED if score is None else TrialStatus.OK,
        outcomes=(Scored("only", "full", outcome),),
        score=score,
        fitness=score,
    )
    return replace(made, **rest)


def propose(
    mutator: Mutator, parents: Sequence[Trial], reply: Reply | str, problem: ProblemFacts = FACTS, **rest: Any
) -> tuple[Proposal, MemoryContext]:
    known = {t.number: t for t in parents}
    answer = reply if callable(reply) else lambda request: reply
    context = MemoryContext({**known, **rest.pop("trials", {})}, problem, reply=answer, **rest)
    (made,) = asyncio.run(mutator.propose(parents, context))
    return made, context


def prompt(mutator: Mutator, parents: Sequence[Trial], **rest: Any) -> str:
    return propose(mutator, parents, "no", **rest)[1].asked[0].messages[0].text


def in_order(text: str, *parts: str) -> None:
    places = [text.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)


# --- the contract, with a model ---------------------------------------------------------------------------------------


class WithModel(MutatorContract):
    answer = ""

    def facts(self) -> ProblemFacts:
        return FACTS

    def _propose(self, mutator: Mutator, seed: int) -> Sequence[Proposal]:
        parents = self.parents()
        text = self.answer.replace("0.5", str(seed))
        known = {t.number: t for t in parents}
        context = MemoryContext(known, FACTS, np.random.default_rng(seed), reply=lambda request: text)
        return asyncio.run(mutator.propose(parents, context))


class TestLlmDiffContract(WithModel):
    answer = diff("    total = 0.5", "    total = 0.5 + 1")

    def make(self) -> Mutator:
        return LlmDiff()

    def _propose(self, mutator: Mutator, seed: int) -> Sequence[Proposal]:
        self.answer = diff("    total = 0.5", f"    total = {seed}.25")
        parents = self.parents()
        context = MemoryContext({0: parents[0]}, FACTS, np.random.default_rng(seed), reply=lambda r: self.answer)
        return asyncio.run(mutator.propose(parents, context))


class TestLlmRewriteContract(WithModel):
    answer = block("def solve(n=3):\n    return n + 0.5\n")

    def make(self) -> Mutator:
        return LlmRewrite()


class TestLlmCrossoverContract(TestLlmRewriteContract):
    def make(self) -> Mutator:
        return LlmCrossover()


class TestLlmFromScratchContract(TestLlmRewriteContract):
    def make(self) -> Mutator:
        return LlmFromScratch()


class TestLlmFixContract(TestLlmRewriteContract):
    def make(self) -> Mutator:
        mutator = LlmFix()
        mutator.observe(self.parents()[0], [])
        mutator.observe(trial(1, None, "NameError", files=self.parents()[1].program.text, operator="llm_diff"), [])
        return mutator


# --- what the model is shown ------------------------------------------------------------------------------------------


def test_the_prompt_says_what_there_is_to_know_in_its_order() -> None:
    failed = trial(5, None, "ZeroDivisionError", parents=(0,), operator="llm_diff", notes={"idea": "Divide by nought."})
    mutator = LlmDiff()
    mutator.observe(failed, [])
    parent, better = trial(0, 1.5, "It is small.\n"), trial(3, 4.0, files="def solve():\n    return 4\n")
    text = prompt(mutator, [parent], inspirations=[better], trials={3: better})
    in_order(
        text,
        "# Task\n\nReturn a large number.\n\nThe judge calls `solve` and wants the score as high as possible.",
        "# Where we stand\n\n- Best score of this search: 4.0 (trial 3).\n- Best known value: 9.5. Reach it,",
        f"# The program to improve (trial 0, score 1.5)\n\n```python program.py\n{PROGRAM}```",
        "# What the judge says of it\n\nIt is small.",
        "# Another program (trial 3, score 4.0)\n\n```python program.py\ndef solve():\n    return 4\n```",
        "# Tried already, and failed (trial 5)\n\nThe idea was: Divide by nought.\n\nerror: ZeroDivisionError",
        "# Rules\n\n- One run may take 10 seconds and 512 MiB of memory.",
        "`blocks`. A call costs fuel: the number of units behind it. After 30 units the run ends",
        "  - `grow(n: int from 1 to 9, seed: int) -> Tree`, 0.5: Grow a tree.",
        "# Answer\n\nFirst say in one or two sentences, inside <idea></idea>",
        "program.py\n<<<<<<< SEARCH\n",
    )
    assert "\n\n\n" not in text
    assert "EVOLVE-BLOCK" not in text  # this program has none


def test_a_problem_that_minimises_says_so_and_metrics_are_told() -> None:
    facts = replace(FACTS, direction="minimise", best_known={"a": 1.0, "b": 2.0}, primitives=None)
    parent = trial(0, 2.0)
    outcome = Outcome.ok(2.0, metrics={"gap": 0.25})
    text = prompt(LlmDiff(), [replace(parent, outcomes=(Scored("only", "full", outcome),))], problem=facts)
    assert "wants the score as low as possible" in text
    assert "- Best known value for `a`: 1.0. Reach it, or beat it.\n- Best known value for `b`: 2.0." in text
    assert "# What the judge says of it\n\n- gap: 0.25" in text
    assert "fuel" not in text


def test_failed_attempts_are_the_latest_ones_of_this_parent_first_and_none_twice() -> None:
    mutator = LlmDiff(failures=2)
    for number, parent in ((3, 0), (4, 0), (5, 1), (6, 1)):
        mutator.observe(trial(number, None, f"error {number}", parents=(parent,)), [])
    mutator.observe(trial(7, None, "error 4", parents=(0,), status=TrialStatus.REUSED), [])
    broken = Outcome.failed(Status.INFRASTRUCTURE, "the disk is full")
    mutator.observe(replace(trial(8, None), outcomes=(Scored("only", "full", broken),), parents=(0,)), [])
    text = prompt(mutator, [trial(0)])
    in_order(text, "(trial 4)", "(trial 3)")
    assert "(trial 5)" not in text
    assert "(trial 7)" not in text
    assert "disk" not in text  # not the candidate's fault
    assert "failed" not in prompt(LlmDiff(failures=0), [trial(0)])


def test_the_same_program_is_no_inspiration() -> None:
    assert "Another program" not in prompt(LlmDiff(), [trial(0)], inspirations=[trial(4)])


def test_an_idea_and_a_hint_of_whoever_wraps_the_context_are_passed_on() -> None:
    context = MemoryContext({0: trial(0)}, FACTS, reply=lambda request: diff())
    guided = Guided(Guided(context, hint="Use symmetry."), idea="Return four.")
    for mutator in (LlmDiff(), LlmRewrite(), LlmFromScratch()):
        asyncio.run(mutator.propose([trial(0)], guided))
        text = context.asked[-1].messages[0].text
        in_order(text, "# Rules", "# A hint\n\nUse symmetry.", "# The idea to carry out\n\nReturn four.", "# Answer")


def test_a_request_uses_what_the_models_can_do_and_nothing_else() -> None:
    mutator = LlmDiff(temperature=0.5)
    plain = propose(mutator, [trial(0)], "no")[1].asked[0]
    assert (plain.seed, plain.temperature, plain.system[:10]) == (None, 0.5, "You write ")
    able = propose(mutator, [trial(0)], "no", capabilities=Capabilities(seed=True))[1].asked[0]
    assert able.seed is not None
    unable = propose(mutator, [trial(0)], "no", capabilities=Capabilities(system=False))[1].asked[0]
    assert unable.system == ""  # such a model would refuse it
    assert unable.messages[0].text == f"{plain.system}\n\n{plain.messages[0].text}"


def test_operators_say_what_they_need_at_most() -> None:
    assert LlmDiff(tries=3).most_requests() == 3
    assert LlmDiff(prompt_tokens=99).longest_prompt() == 99
    assert LlmDiff().unfit(FACTS) == ""
    assert LlmDiff().unfit(make_facts()) == "llm_diff needs a model; name one: --model openai:NAME"


# --- what becomes of an answer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mutator", "answer", "how"), [(LlmDiff(), diff(), "exact"), (LlmRewrite(), block(), "rewrite")]
)
def test_an_answer_becomes_a_program_with_its_author_its_lineage_and_its_idea(
    mutator: ModelMutator, answer: str, how: str
) -> None:
    made, context = propose(mutator, [trial(4), trial(6)], answer)
    assert made.program == Program({"program.py": "def solve():\n    return 2\n"})
    assert (made.operator, made.model, made.parents) == (mutator.name, "made:up", (4,))
    assert made.notes == {"how": how, "idea": "Return more."}
    assert len(context.asked) == 1


def test_an_idea_that_never_ends_does_not_swallow_the_code() -> None:
    made, _ = propose(LlmDiff(), [trial(0)], diff().replace("</idea>", ""))
    assert made.notes["idea"] == "Return more."
    long = propose(LlmDiff(), [trial(0)], diff().replace("Return more.", "x" * 9999))[0]
    assert len(long.notes["idea"]) == 2000


def test_a_refusal_goes_back_once_with_its_reason_and_is_noted() -> None:
    def careless(request: Request) -> str:
        return diff("    return 7") if len(request.messages) == 1 else diff()

    made, context = propose(LlmDiff(), [trial(0)], careless)
    assert made.program is not None
    assert made.notes == {"refusals": ["search_not_found"], "how": "exact", "idea": "Return more."}
    first, second = context.asked
    assert [m.role for m in second.messages] == ["user", "assistant", "user"]
    assert second.messages[:1] == first.messages
    assert second.messages[1].text == diff("    return 7")
    assert second.messages[2].text.startswith("Your answer cannot be used (search_not_found): edit 1 (line 3 of")
    assert (second.system, second.seed, second.temperature) == (first.system, first.seed, first.temperature)


def test_a_second_refusal_ends_the_proposal_with_one_line() -> None:
    made, context = propose(LlmDiff(), [trial(4)], diff("    return 7"))
    assert (made.program, made.operator, made.parents, made.model) == (None, "llm_diff", (4,), "made:up")
    assert made.refusal.startswith(
        "search_not_found: edit 1 (line 3 of the answer): the SEARCH text is not in program.py"
    )
    assert "\n" not in made.refusal
    assert made.notes == {"refusals": ["search_not_found", "search_not_found"]}
    assert len(context.asked) == 2
    assert len(propose(LlmDiff(tries=1), [trial(4)], "no")[1].asked) == 1


def test_an_empty_answer_is_told_so() -> None:
    _, context = propose(LlmDiff(), [trial(0)], "")
    assert context.asked[1].messages[1].text == "(empty)"
    assert "no_block" in context.asked[1].messages[2].text


@pytest.mark.parametrize("text", [diff()[:60], "I will change", block()[:40]])
def test_half_an_answer_is_told_to_be_briefer(text: str) -> None:
    for mutator in (LlmDiff(), LlmRewrite()):
        made, context = propose(mutator, [trial(0)], lambda request: Answer((Choice(text, "length"),), 1, 1))
        assert made.notes["refusals"] == ["truncated", "truncated"]
        assert "be briefer" in context.asked[1].messages[2].text


def test_a_whole_change_in_half_an_answer_is_taken() -> None:
    made, _ = propose(LlmDiff(), [trial(0)], lambda request: Answer((Choice(f"{diff()}And", "length"),), 1, 1))
    assert made.program is not None


def test_a_model_that_does_not_answer_makes_a_refused_proposal() -> None:
    made, _ = propose(LlmDiff(), [trial(4)], lambda request: ModelError(Fault.RATE, "later"))
    assert (made.program, made.operator, made.refusal, made.parents) == (None, "llm_diff", "rate limit: later", (4,))

    def once(request: Request) -> str | ModelError:
        return diff("    return 7") if len(request.messages) == 1 else ModelError(Fault.TIMEOUT, "")

    made, _ = propose(LlmDiff(), [trial(4)], once)
    assert (made.refusal, made.model, made.notes) == ("timeout", "made:up", {"refusals": ["search_not_found"]})


def test_without_a_parent_there_is_nothing_to_ask() -> None:
    for mutator in (LlmDiff(), LlmRewrite(), LlmCrossover(), LlmFix()):
        made, context = propose(mutator, [], diff(), inspirations=[trial(3)])
        assert made.program is None
        assert made.refusal.startswith("there is no")
        assert context.asked == []

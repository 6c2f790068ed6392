"""What is special about each operator that asks a model: several files, regions, two parents, repairs, fresh starts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evolve import Mutator, Program, Proposal, Trial
from evolve.evaluation import Outcome, Status
from evolve.events import Refused
from evolve.feedback import picture
from evolve.interfaces import ProblemFacts
from evolve.messages import Capabilities, Message
from evolve.testing import MemoryContext, make_facts
from evolve.trial import Scored, TrialStatus
from evolve_plugins.mutators.llm.crossover import LlmCrossover
from evolve_plugins.mutators.llm.diff import LlmDiff
from evolve_plugins.mutators.llm.fix import LlmFix
from evolve_plugins.mutators.llm.from_scratch import LlmFromScratch
from evolve_plugins.mutators.llm.rewrite import LlmRewrite

PNG = b"\x89PNG\r\n\x1a\n"
FACTS = replace(make_facts(), models={"made:up": Capabilities()})
PROGRAM = {"program.py": "def solve():\n    return 1\n"}
FRAME = "import math\n\n# EVOLVE-BLOCK-START\n{}# EVOLVE-BLOCK-END\n\nmath.pi\n"
MARKED = {"program.py": FRAME.format("def solve():\n    return 1\n")}
SEVERAL = {"lib/a.py": "A = 1\n", "lib/b.py": "B = 1\n", "program.py": "from lib.a import A\n"}
WHOLE = "<idea>Two.</idea>\n```python program.py\ndef solve():\n    return 2\n```\n"


def edit(old: str, new: str, path: str = "program.py") -> str:
    return f"{path}\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"


def trial(
    number: int,
    files: dict[str, str],
    score: float | None = 1.0,
    said: str = "",
    status: Status = Status.ERROR,
    **rest: Any,
) -> Trial:
    outcome = Outcome.failed(status, said) if score is None else Outcome.ok(score, feedback=said)
    status_of_trial = TrialStatus.FAILED if score is None else TrialStatus.OK
    known = {"status": status_of_trial, "operator": "llm_diff", "score": score, "fitness": score, **rest}
    return Trial(number, Program(files), outcomes=(Scored("only", "full", outcome),), **known)


def broken(number: int, said: str = "NameError: x", status: Status = Status.ERROR, **rest: Any) -> Trial:
    files = {"program.py": f"def solve():\n    return x{number}\n"}
    return trial(number, files, None, said, status, **rest)


def propose(
    mutator: Mutator,
    parents: Sequence[Trial],
    answer: str | Callable[[Any], Any] = "no",
    problem: ProblemFacts = FACTS,
    seed: int = 1,
    **rest: Any,
) -> tuple[Proposal, list[Message]]:
    """Return the proposal, and the last turn of each request."""
    known = {t.number: t for t in (*parents, *rest.pop("others", ()))}
    reply = answer if callable(answer) else lambda request: answer
    context = MemoryContext(known, problem, np.random.default_rng(seed), reply=reply, **rest)
    (made,) = asyncio.run(mutator.propose(parents, context))
    return made, [request.messages[-1] for request in context.asked]


# --- regions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mutator", "answer"), [(LlmDiff(), edit("    return 1", "    return 2")), (LlmRewrite(), WHOLE)]
)
def test_what_stands_outside_of_the_regions_is_kept_and_the_model_is_told(mutator: Mutator, answer: str) -> None:
    parent = trial(0, MARKED)
    made, asked = propose(mutator, [parent], answer)
    assert made.program is not None
    assert made.program.frozen_parts() == parent.program.frozen_parts()
    assert made.program.text == MARKED["program.py"].replace("return 1", "return 2")
    assert "Only what stands between the lines EVOLVE-BLOCK-START and EVOLVE-BLOCK-END may change." in asked[0].text
    frozen = edit("math.pi", "math.e") + "```python\nimport os\n# EVOLVE-BLOCK-START\n```"
    refused, _ = propose(mutator, [parent], frozen)
    assert refused.notes["refusals"][0] == "outside_region"


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (PROGRAM, "write the whole file in a fenced block"),
        (MARKED, "write the new text of what stands between the EVOLVE-BLOCK lines in a fenced block"),
        ({"program.py": 2 * MARKED["program.py"]}, "write the whole file, with its EVOLVE-BLOCK lines in a fenced"),
        (SEVERAL, "write each file that you change in a fenced block"),
    ],
)
def test_a_rewrite_asks_for_what_can_be_read(files: dict[str, str], wanted: str) -> None:
    _, asked = propose(LlmRewrite(), [trial(0, files)])
    assert wanted in asked[0].text


# --- several files ----------------------------------------------------------------------------------------------------


def test_an_answer_changes_the_file_that_it_names() -> None:
    parent = trial(0, SEVERAL)
    changed = {**SEVERAL, "lib/a.py": "A = 2\n"}
    by_edit, asked = propose(LlmDiff(), [parent], edit("A = 1", "A = 2", "lib/a.py"))
    by_block, _ = propose(LlmRewrite(), [parent], "```python lib/a.py\nA = 2\n```")
    assert by_edit.program == by_block.program == Program(changed)
    for path, text in SEVERAL.items():
        assert f"```python {path}\n{text}```" in asked[0].text
    assert "The first line names the file that the block is about." in asked[0].text


def test_files_that_may_not_change_are_shown_as_such_and_refused() -> None:
    facts = replace(FACTS, evolvable=("lib/*.py",))
    made, asked = propose(LlmDiff(), [trial(0, SEVERAL)], edit("from lib.a import A", "A = 5"), problem=facts)
    assert made.notes["refusals"] == ["not_evolvable", "not_evolvable"]
    assert "These files may not change: program.py." in asked[0].text
    assert "\nlib/a.py\n<<<<<<< SEARCH\n" in asked[0].text  # the form names a file that may


def test_code_with_fences_is_shown_and_asked_for_in_longer_ones() -> None:
    files = {"program.py": 'TEXT = """\n````\nhello\n````\n"""\n'}
    _, asked = propose(LlmRewrite(), [trial(0, files)])
    assert f"`````python program.py\n{files['program.py']}`````\n" in asked[0].text
    assert asked[0].text.endswith("`````python program.py\nthe code\n`````")


# --- crossover --------------------------------------------------------------------------------------------------------


def test_crossover_shows_two_programs_and_has_two_parents() -> None:
    first, second = trial(0, PROGRAM), trial(3, {"program.py": "def solve():\n    return 3\n"}, 3.0)
    by_parent, asked = propose(LlmCrossover(), [first, second], WHOLE)
    by_inspiration, _ = propose(LlmCrossover(), [first], WHOLE, inspirations=[first, second])
    assert by_parent.parents == by_inspiration.parents == (0, 3)
    assert by_parent.operator == "llm_crossover"
    assert "# Combine it with another program (trial 3, score 3.0)\n\n```python program.py\ndef solve" in asked[0].text
    assert asked[0].text.count("return 3") == 1  # it is not an inspiration besides


def test_crossover_needs_two_different_programs() -> None:
    same = [trial(0, PROGRAM), trial(3, PROGRAM)]
    made, asked = propose(LlmCrossover(), same, WHOLE, inspirations=same)
    assert made.refusal == "there is no second program to combine with"
    assert asked == []


# --- a fresh start ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [True, False])
def test_a_fresh_start_sees_what_must_stay_and_no_code_that_may_change(given: bool) -> None:
    secret = "def solve():\n    return 'secret'\n"
    parent = trial(0, {"program.py": FRAME.format(secret)}, 1.0, f"secret feedback {picture(PNG, 'secret')}")
    mutator = LlmFromScratch()
    mutator.observe(broken(5, "secret failure"), [])
    made, asked = propose(
        mutator,
        [parent] if given else [],
        WHOLE,
        inspirations=[trial(6, {"program.py": secret + "# 6\n"})] if given else [],
        others=[parent],
        purpose="restart",
        capabilities=Capabilities(images=True),
    )
    assert (made.parents, made.operator) == ((), "llm_from_scratch")
    assert made.program == Program({"program.py": FRAME.format("def solve():\n    return 2\n")})
    assert "secret" not in asked[0].text
    assert asked[0].images == ()
    assert "# A fresh start" in asked[0].text
    assert f"```python program.py\n{FRAME.format('')}```" in asked[0].text


def numbered(number: int, score: float) -> Trial:
    return trial(number, {"program.py": f"def solve():\n    return {number}000\n"}, score)


def test_a_fresh_start_without_a_parent_sees_the_programs_that_the_strategy_names_in_its_order() -> None:
    given = [numbered(3, 1.0), numbered(1, 9.0), numbered(2, 5.0)]
    made, asked = propose(LlmFromScratch(), [], WHOLE, inspirations=given, others=given, purpose="restart")
    assert made.parents == ()
    text = asked[0].text
    assert [text.index(f"return {number}000") for number in (3, 1, 2)] == sorted(
        text.index(f"return {number}000") for number in (3, 1, 2)
    )
    assert "# Another program (trial 1, score 9.0)" in text  # the best one, too
    assert "The programs above were found before." in text
    assert "on purpose" not in text


def test_of_more_programs_than_the_prompt_holds_the_worst_are_left_out() -> None:
    given = [numbered(number, float(number % 5)) for number in range(1, 41)]
    _, asked = propose(
        LlmFromScratch(prompt_tokens=600), [], WHOLE, inspirations=given, others=given, purpose="restart"
    )
    left = [trial for trial in given if f"(trial {trial.number}, " in asked[0].text]
    assert 3 < len(left) < 40
    assert min(trial.fitness or 0.0 for trial in left) >= 3.0
    assert "# A fresh start" in asked[0].text


def test_a_fresh_start_is_shown_the_files_that_may_not_change_and_told_the_others() -> None:
    facts = replace(FACTS, evolvable=("lib/*.py",))
    _, asked = propose(LlmFromScratch(), [trial(0, SEVERAL)], problem=facts)
    assert f"```python program.py\n{SEVERAL['program.py']}```" in asked[0].text
    assert "You may write these files: lib/a.py, lib/b.py." in asked[0].text
    assert "A = 1" not in asked[0].text


def test_a_fresh_start_needs_a_program_that_shows_what_must_stay() -> None:
    assert propose(LlmFromScratch(), [])[0].refusal.startswith("there is no program yet")
    assert LlmFromScratch.purposes == {"improve", "restart"}


# --- repairs ----------------------------------------------------------------------------------------------------------


def test_a_repair_shows_the_broken_program_its_idea_and_the_error_even_when_the_prompt_is_long() -> None:
    mutator = LlmFix(prompt_tokens=1)
    mutator.observe(broken(5, "NameError: x5\n  line 2", notes={"idea": "Name it."}), [])
    made, asked = propose(mutator, [trial(0, PROGRAM)], WHOLE)
    assert (made.operator, made.parents) == ("llm_fix", (5,))
    text = asked[0].text
    assert "# The program to repair (trial 5, failed: error)\n\n```python program.py\ndef solve" in text
    assert "return x5" in text
    assert "# What the judge says of it\n\nNameError: x5\n  line 2" in text
    assert "it failed with `error`. Find out why, and mend it." in text
    assert "keep its idea: Name it." in text
    assert "return 1" not in text


def test_a_repair_is_told_the_error_though_other_instances_went_well_after_it() -> None:
    outcomes = (Outcome.failed(Status.TIMEOUT, "after 10 s"), Outcome.ok(1.0, feedback="fine"))
    late = replace(broken(5), outcomes=tuple(Scored(str(i), "", o) for i, o in enumerate(outcomes)))
    mutator = LlmFix()
    mutator.observe(late, [])
    text = propose(mutator, [trial(0, PROGRAM)])[1][0].text
    assert "it failed with `timeout`" in text
    assert "after 10 s" in text
    assert "fine" not in text


def test_a_program_is_repaired_so_many_times_at_most_whatever_comes_of_it() -> None:
    mutator = LlmFix(repairs=2)
    mutator.observe(broken(5), [])
    mutator.observe(trial(6, PROGRAM, 2.0, operator="llm_fix", parents=(5,)), [])
    assert propose(mutator, [trial(0, PROGRAM)])[1]
    mutator.observe_refusal(Refused(1, "llm_fix", "no_block", (5,), {"models": {"calls": 2}}))
    made, asked = propose(mutator, [trial(0, PROGRAM)])
    assert made.refusal == "there is no broken program to repair"
    assert asked == []


def test_a_refusal_that_cost_nothing_is_no_attempt() -> None:
    mutator = LlmFix(repairs=1)
    mutator.observe(broken(5), [])
    mutator.observe_refusal(Refused(1, "llm_fix", "not now", (5,)))
    mutator.observe_refusal(Refused(1, "llm_diff", "no_block", (5,), {"models": {}}))
    assert propose(mutator, [trial(0, PROGRAM)])[1]


@pytest.mark.parametrize(
    "other",
    [
        trial(5, PROGRAM, 1.0),
        broken(5, operator="seed"),
        broken(5, operator="llm_fix", parents=(4,)),
        broken(5, status=Status.INFRASTRUCTURE),
        Trial(5, Program(PROGRAM), status=TrialStatus.ENTERED),
        replace(broken(5), status=TrialStatus.REUSED),
    ],
    ids=["valid", "a seed", "a repair", "not its fault", "not judged", "known already"],
)
def test_nothing_else_is_repaired(other: Trial) -> None:
    mutator = LlmFix()
    mutator.observe(other, [])
    assert propose(mutator, [trial(0, PROGRAM)])[0].refusal == "there is no broken program to repair"


def test_only_the_latest_broken_programs_are_worth_a_repair() -> None:
    mutator = LlmFix(recent=3)
    for number in range(10, 20):
        mutator.observe(broken(number), [])
    chosen = {propose(mutator, [trial(0, PROGRAM)], WHOLE, seed=seed)[0].parents for seed in range(40)}
    assert chosen == {(17,), (18,), (19,)}

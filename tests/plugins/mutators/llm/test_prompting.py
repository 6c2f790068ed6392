"""Prompts: what is left out first, templates of a problem's own, pictures, and fences that hold what is in them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve import ProblemError, Program, Trial
from evolve.evaluation import Outcome, Status
from evolve.feedback import picture
from evolve.interfaces import ProblemFacts
from evolve.messages import Capabilities, Request
from evolve.testing import MemoryContext, make_facts, make_trial
from evolve.trial import Scored
from evolve_plugins.mutators.llm import prompting
from evolve_plugins.mutators.llm.answers import find_blocks
from evolve_plugins.mutators.llm.contexts import Guided
from evolve_plugins.mutators.llm.diff import LlmDiff
from evolve_plugins.mutators.llm.prompting import Part, Prompter, mistakes_in, pictures, shown, tokens_in

BOX = Path(prompting.__file__).parent / "prompts"
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"
FACTS = replace(make_facts(), models={"made:up": Capabilities()})


def with_prompts(**prompts: str) -> ProblemFacts:
    return replace(FACTS, prompts={f"{name}.j2": text for name, text in prompts.items()})


def judged(number: int, feedback: str = "", score: float | None = 1.0, text: str = "") -> Trial:
    """Return a trial with feedback; without a score it failed."""
    trial = make_trial(number, score, text=text or f"def solve():\n    return {number}\n")
    outcome = Outcome.failed(Status.ERROR, feedback) if score is None else Outcome.ok(score, feedback=feedback)
    return replace(trial, outcomes=(Scored("only", "full", outcome),))


def asked(parent: Trial, problem: ProblemFacts = FACTS, wrap: str = "", **rest: Any) -> Request:
    context = MemoryContext({parent.number: parent}, problem, reply=lambda request: "no", **rest)
    mutator = LlmDiff(prompt_tokens=rest.pop("prompt_tokens", 24_000))
    asyncio.run(mutator.propose([parent], Guided(context, wrap) if wrap else context))
    return context.asked[0]


# --- what is left out -------------------------------------------------------------------------------------------------


def tags(text: str) -> list[str]:
    headings = {
        "# Task": "task",
        "# The program to improve": "parent",
        "# What the judge says": "feedback",
        "# Another program (trial 11": "first inspiration",
        "# Another program (trial 12": "second inspiration",
        "# Tried already, and failed (trial 22": "latest failure",
        "# Tried already, and failed (trial 21": "earlier failure",
        "# Answer": "format",
    }
    return [tag for heading, tag in headings.items() if heading in text]


def test_a_long_prompt_loses_failures_then_inspirations_then_feedback_and_nothing_else() -> None:
    mutator = LlmDiff()
    for number in (21, 22):
        mutator.observe(judged(number, f"failure {number}", None), [])
    parent, others = judged(0, "feedback " * 5), [judged(n) for n in (11, 12)]
    context = MemoryContext({0: parent}, FACTS, inspirations=others, reply=lambda request: "no")
    spare = ["feedback", "first inspiration", "second inspiration", "latest failure", "earlier failure"]
    seen = [["task", "parent", *spare, "format"]]
    for tokens in range(700, 0, -1):
        mutator.prompt_tokens = tokens
        asyncio.run(mutator.propose([parent], context))
        found = tags(context.asked[-1].messages[0].text)
        if found != seen[-1]:
            seen.append(found)
    lost = [(set(before) - set(after)).pop() for before, after in pairwise(seen)]
    assert lost == spare[::-1]
    assert seen[-1] == ["task", "parent", "format"]


SIZES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 4)), max_size=9)


@settings(max_examples=200, deadline=None)
@given(SIZES, st.integers(1, 80))
def test_only_as_much_is_left_out_as_must_be_and_the_least_important_first(
    sizes: Sequence[tuple[int, int]], most: int
) -> None:
    facts = with_prompts(x="{{ text }}")
    parts = [Part("x", {"text": chr(97 + i) * size}, spare) for i, (size, spare) in enumerate(sizes)]
    prompter = Prompter(facts, most)
    kept = [part for part, _ in prompter.fitting(parts, {})]
    assert kept == [part for part in parts if part in kept]  # in order
    filled = [part for part in parts if part.data["text"]]
    left_out = [part for part in filled if part not in kept]
    size = sum(tokens_in(part.data["text"]) for part in kept)
    assert size <= most or not any(part.spare for part in kept)
    assert all(part.spare for part in left_out)
    ranks = {id(part): (part.spare, i) for i, part in enumerate(parts)}
    if left_out:
        least = min(left_out, key=lambda part: ranks[id(part)])
        assert all(ranks[id(part)] < ranks[id(least)] for part in kept)
        assert size + tokens_in(least.data["text"]) > most
    assert prompter.render(parts, {}) == "\n\n".join(part.data["text"] for part in kept)


def test_a_very_long_feedback_loses_its_middle() -> None:
    said = shown(judged(0, "begin " + "x" * 50_000 + " end"), FACTS)["feedback"]
    assert said.startswith("begin x")
    assert said.endswith("x end")
    assert "\n...\n" in said
    assert len(said) < 13_000


# --- templates of the problem -----------------------------------------------------------------------------------------


def test_a_template_of_the_problem_takes_the_place_of_the_one_in_the_box() -> None:
    own = with_prompts(statement="# My task\n{{ problem.name }}: {{ parent.score }}", system="You are terse.")
    request = asked(judged(0), own)
    assert request.system == "You are terse."
    assert request.messages[0].text.startswith("# My task\nmade_up: 1.0\n\n# Where we stand")
    assert "# The program to improve" in request.messages[0].text


def test_a_template_that_says_nothing_leaves_no_gap() -> None:
    text = asked(judged(0), with_prompts(target="", constraints=" \n")).messages[0].text
    assert "\n\n\n" not in text
    assert "# Rules" not in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n{% if %}\nb", "prompts/diff.j2:2: Expected an expression, got 'end of statement block'"),
        ("a\n\n{{ nonsense }}", "prompts/diff.j2:3: 'nonsense' is undefined"),
        ("{{ parent.nummer }}", "prompts/diff.j2:1: 'dict object' has no attribute 'nummer'"),
        ("a\n{{ 1 / 0 }}", "prompts/diff.j2:2: ZeroDivisionError: division by zero"),
        ("{{ parent | nothing }}", "prompts/diff.j2:1: No filter named 'nothing'."),
        ("{{ parent.number | amount | amount }}", "prompts/diff.j2:1: ValueError"),
        ("{% include 'x' %}", "prompts/diff.j2:1: TypeError: no loader"),
        ("{{ ''.__class__.__mro__ }}", "prompts/diff.j2:1: access to attribute"),
        ("{{ parent.metrics.clear() }}", "prompts/diff.j2:1: "),
        ("{% for i in range(1000000000) %}{% endfor %}", "prompts/diff.j2:1: OverflowError"),
    ],
)
def test_a_broken_template_is_one_line_with_its_file_and_line(text: str, said: str) -> None:
    prompter = Prompter(with_prompts(diff=text))
    with pytest.raises(ProblemError) as caught:
        prompter.one("diff", {"parent": shown(judged(0), FACTS)})
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_a_template_that_is_nowhere_is_named() -> None:
    with pytest.raises(ProblemError, match=r"^prompts/nowhere\.j2: nowhere\.j2$"):
        Prompter(FACTS).one("nowhere", {})


def test_templates_are_looked_at_before_a_run() -> None:
    broken = with_prompts(fix="\n{{ }}", statement="{% endif %}")
    said = "prompts/fix.j2:2: Expected an expression, got 'end of print statement'"
    assert mistakes_in(broken).startswith(f"{said}; prompts/statement.j2:1: ")
    assert LlmDiff().unfit(broken).startswith(said)
    unknown = with_prompts(refusal="{{ reason }}\n{{ why }}", failure="{{ other.x }}{{ parent.x }}{{ problem.x }}")
    assert mistakes_in(unknown) == (
        "prompts/refusal.j2:2: 'why' is not known here; there are blocks, detail, mate, parent, problem, reason"
    )


def test_what_is_no_template_of_the_box_is_left_to_its_owner() -> None:
    assert mistakes_in(replace(FACTS, prompts={"fragments.txt": "{{ think }", "review.j2": "{{ whatever }}"})) == ""
    own = {path.name: path.read_text() for path in BOX.glob("*.j2")}
    assert len(own) > 15
    assert mistakes_in(replace(FACTS, prompts=own)) == ""


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["{{", "}}", "{%", "%}", "if", "parent", ".", "|", "x", "\n", "(", "'", "for"])))
def test_any_template_is_rendered_or_is_one_line(pieces: Sequence[str]) -> None:
    said = ""
    try:
        Prompter(with_prompts(diff=" ".join(pieces))).one("diff", {"parent": shown(judged(0), FACTS)})
    except ProblemError as error:
        said = str(error)
    assert not said or said.startswith("prompts/diff.j2:")
    assert "\n" not in said


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_pictures_are_shown_where_every_model_looks_and_told_elsewhere() -> None:
    parent = judged(0, f"See {picture(PNG, 'the gap')} and {picture(JPEG, 'the rest')}.")
    words = "See (picture: the gap) and (picture: the rest)."
    blind, seeing = asked(parent), asked(parent, capabilities=Capabilities(images=True))
    assert blind.messages[0].images == ()
    assert seeing.messages[0].images == (PNG, JPEG) == pictures([parent])
    assert words in blind.messages[0].text
    assert words in seeing.messages[0].text


class TwoModels(MemoryContext):
    @property
    def models(self) -> Mapping[str, Capabilities]:
        return {"seeing": Capabilities(images=True), "blind": Capabilities()}


@pytest.mark.parametrize(("model", "images"), [("", ()), ("blind", ()), ("seeing", (PNG,))])
def test_one_model_that_may_be_asked_and_does_not_look_is_enough(model: str, images: tuple[bytes, ...]) -> None:
    parent = judged(0, picture(PNG, "x"))
    context = TwoModels({0: parent}, FACTS, reply=lambda request: "no")
    asyncio.run(LlmDiff().propose([parent], Guided(context, model)))
    assert context.asked[0].messages[0].images == images


def test_a_picture_goes_with_the_feedback_that_shows_it() -> None:
    parent = judged(0, f"{picture(PNG, 'x')} {'long ' * 400}")
    mutator, context = LlmDiff(prompt_tokens=400), MemoryContext({0: parent}, FACTS, reply=lambda request: "no")
    context.capabilities = Capabilities(images=True)
    asyncio.run(mutator.propose([parent], context))
    assert "What the judge says" not in context.asked[0].messages[0].text
    assert context.asked[0].messages[0].images == ()


# --- fences -----------------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["a.py", "b.cpp", "lib/c.txt"]), st.text("`~ab #\n", max_size=40), min_size=1))
def test_programs_are_shown_so_that_they_can_be_read_back(files: Mapping[str, str]) -> None:
    text = shown(Trial(0, Program(files)), FACTS)["files"]
    assert {block.path: block.text.rstrip() for block in find_blocks(text)} == {
        path: text.rstrip() for path, text in files.items()
    }


def test_a_fence_names_the_language_and_the_path() -> None:
    files = {"a.cpp": "int a;\n", "b.rs": "", "c.zig": "", "Makefile": "all:\n", "d.pl": ""}
    heads = [f"```{head}\n" for head in ("cpp a.cpp", "rust b.rs", "zig c.zig", "text Makefile", "perl d.pl")]
    text = shown(Trial(0, Program(files)), FACTS)["files"]
    assert all(head in text for head in heads)

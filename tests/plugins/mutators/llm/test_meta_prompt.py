"""Advice that evolves: what helps is shown more, new pieces enter, and the record alone rebuilds the archive."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from evolve import Context, Mutator, Program, Proposal, Trial
from evolve.events import Refused
from evolve.interfaces import ProblemFacts
from evolve.messages import Answer, Capabilities, Fault, ModelError, Request
from evolve.overlay import parse_budget, parse_models
from evolve.replay import replay
from evolve.run import Run
from evolve.testing import MemoryContext, MutatorContract, make_facts, make_trial
from evolve.testing.servers import Conversation, OpenAIServer, Scripted
from evolve_plugins.mutators.llm.contexts import hint_in
from evolve_plugins.mutators.llm.diff import LlmDiff
from evolve_plugins.mutators.llm.meta_prompt import MetaPrompt

FACTS = replace(make_facts(), models={"made:up": Capabilities()})
PARENT = make_trial(0, 1.0)
HINTS = tuple(f"hint {letter}" for letter in "abcdef")
Reply = Callable[[Request], str | Answer | ModelError]


@dataclass
class Obedient(Mutator):
    """Writes a program that says which hint it was given."""

    refuses: bool = False
    seen: list[int] = field(default_factory=list)

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        text = f"# {hint_in(context)}\nx = {int(context.rng.integers(10**9))}\n"
        if self.refuses:
            return [Proposal.refused("obedient", "no_block", (0,))]
        return [Proposal(Program({"program.py": text}), "obedient", (0,), notes={"seen": len(self.seen)})]

    def observe(self, trial: Trial, parents: Sequence[Trial]) -> None:
        self.seen.append(trial.number)


def made_with(renew: float = 0.0, **settings: Any) -> MetaPrompt:
    return MetaPrompt(**{"mutator": Obedient(), "control": 0.0, "fragments": HINTS, "renew": renew, **settings})


def propose(
    meta: Mutator, seed: int, reply: Reply | str = "<hint>new</hint>", problem: ProblemFacts = FACTS, **rest: Any
) -> tuple[Proposal, MemoryContext]:
    answer = reply if callable(reply) else lambda request: reply
    context = MemoryContext({0: PARENT}, problem, np.random.default_rng(seed), reply=answer, **rest)
    (made,) = asyncio.run(meta.propose([PARENT], context))
    return made, context


def learn(meta: Mutator, number: int, fitness: float | None, notes: Mapping[str, Any]) -> Trial:
    kept = json.loads(json.dumps(dict(notes)))  # as the record gives them back
    trial = make_trial(number, fitness, operator="obedient", parents=(0,), notes=kept)
    meta.observe(trial, [PARENT])
    return trial


def play(meta: MetaPrompt, rounds: int, chance: Callable[[str], float], reply: Reply | str = "") -> list[Trial]:
    """Let it propose and learn; a program beats its parent with the chance that its hint gives it."""
    rng, trials = np.random.default_rng(99), list[Trial]()
    for number in range(1, rounds + 1):
        made, _ = propose(meta, number, reply)
        success = rng.random() < chance(made.notes["fragment"]["text"])
        trials.append(learn(meta, number, 1.0 + rng.random() if success else 0.5, made.notes))
    return trials


class TestMetaPromptContract(MutatorContract):
    def make(self) -> Mutator:
        return MetaPrompt()

    def facts(self) -> ProblemFacts:
        return FACTS

    def test_it_changes_some_program(self) -> None:
        """Without a model there is nothing to change; the tests below have one."""


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_each_proposal_shows_one_fragment_and_notes_it() -> None:
    made, context = propose(MetaPrompt(LlmDiff(), control=0.0, renew=0.0, fragments=HINTS), 1)
    note = made.notes["fragment"]
    assert note["text"] in HINTS
    assert (len(note["id"]), note["purpose"]) == (8, "improve")
    assert context.asked[0].messages[0].text.count(f"# A hint\n\n{note['text']}\n") == 1
    assert "new" not in note
    shown = {propose(made_with(), seed)[0].notes["fragment"]["text"] for seed in range(60)}
    assert shown == set(HINTS)


@pytest.mark.parametrize(
    ("settings", "prompts", "first"),
    [
        ({"fragments": HINTS}, {"fragments.txt": "other\n"}, HINTS),
        ({"fragments": ()}, {"fragments.txt": "# mine\n think big \n\nthink small\n"}, ("think big", "think small")),
        ({"fragments": HINTS, "size": 2}, {}, HINTS[:2]),
    ],
)
def test_the_first_fragments_are_those_of_the_settings_or_of_the_problem(
    settings: dict[str, Any], prompts: dict[str, str], first: Sequence[str]
) -> None:
    assert tuple(made_with(**settings).archive(replace(FACTS, prompts=prompts)).values()) == tuple(first)


def test_there_are_some_in_the_box() -> None:
    box = made_with(fragments=()).archive(FACTS)
    assert len(set(box.values())) == len(box) >= 5


def test_the_control_is_shown_none() -> None:
    meta = made_with(renew=1.0, control=1.0)
    made, context = propose(meta, 1)
    assert "fragment" not in made.notes
    assert made.program is not None
    assert made.program.text.startswith("# \n")
    assert context.asked == []
    assert made.notes["wrapped"] == {"by": "meta_prompt", "control": True}


def test_it_says_what_it_needs() -> None:
    assert MetaPrompt(LlmDiff(tries=3)).most_requests() == 4
    assert MetaPrompt(LlmDiff(tries=3), renew=0.0).most_requests() == 3
    assert MetaPrompt(LlmDiff(prompt_tokens=9)).longest_prompt() == 8000
    assert "--model" in MetaPrompt().unfit(make_facts())
    assert MetaPrompt().unfit(FACTS) == ""


# --- what helps is shown more -----------------------------------------------------------------------------------------


def test_the_fragment_that_doubles_the_success_rate_is_shown_more_often_than_by_chance() -> None:
    trials = play(made_with(), 600, lambda text: 0.5 if text == "hint c" else 0.25)
    shown = Counter(trial.notes["fragment"]["text"] for trial in trials)
    assert shown["hint c"] > binom.ppf(0.999, 600, 1 / len(HINTS))
    late = Counter(trial.notes["fragment"]["text"] for trial in trials[300:])
    assert late.most_common(1)[0][0] == "hint c"
    assert len(late) == len(HINTS)  # the others are still tried


def test_refusals_that_were_paid_for_count_against_a_fragment_and_faults_do_not() -> None:
    def shares(bill: Mapping[str, float]) -> int:
        meta, count = made_with(mutator=Obedient(refuses=True)), 0
        for number in range(200):
            made, _ = propose(meta, number)
            good = made.notes["fragment"]["text"] == "hint a"
            count += good
            if not good:
                meta.observe_refusal(Refused(number, "obedient", "x", (0,), {**made.notes, "models": bill}))
        return count

    assert shares({"tokens": 500.0}) > binom.ppf(0.999, 200, 1 / 6)
    assert shares({"tokens": 0.0}) < binom.ppf(0.999, 200, 1 / 6)


# --- new ones ---------------------------------------------------------------------------------------------------------


def test_a_model_writes_a_new_fragment_after_the_best_and_the_worst_and_it_is_shown_at_once() -> None:
    meta = made_with(renew=1.0)
    for number in range(1, 41):
        made, _ = propose(meta, number, "nothing")
        learn(meta, number, 1.0 + number if made.notes["fragment"]["text"] == "hint b" else 0.5, made.notes)
    made, context = propose(meta, 50, "I think <hint>Use\n  symmetry.</hint>")
    asked = context.asked[0].messages[0].text
    assert asked.startswith("# Task\n\nReturn a number.")
    best, worst = asked.split("These helped least:")
    assert re.search(r"These helped most:\n\n- 0\.\d\d: hint b\n", best)
    assert "hint b" not in worst
    assert "\n\n\n" not in asked
    assert made.program is not None
    assert made.program.text.startswith("# Use symmetry.\n")
    note = made.notes["fragment"]
    assert (note["text"], note["new"], note["leaving"]) == ("Use symmetry.", True, [])


def test_it_enters_the_archive_when_its_trial_is_committed_and_not_before() -> None:
    meta = made_with(renew=1.0)
    made, _ = propose(meta, 1)
    assert "new" not in meta.archive(FACTS).values()
    meta.observe_refusal(Refused(1, "obedient", "no_block", (0,), {**made.notes, "models": {"tokens": 5.0}}))
    assert "new" not in meta.archive(FACTS).values()
    learn(meta, 1, None, made.notes)
    assert "new" in meta.archive(FACTS).values()


@pytest.mark.parametrize(
    "answer", ["", "Use symmetry.", "<hint> </hint>", f"<hint>{'x' * 401}</hint>", "<hint>hint a</hint>"]
)
def test_an_answer_without_a_new_fragment_leaves_the_one_that_was_drawn(answer: str) -> None:
    for seed in range(5):
        made, _ = propose(made_with(renew=1.0), seed, answer)
        plain, _ = propose(made_with(renew=0.0), seed)
        assert made.notes["fragment"] == plain.notes["fragment"]


def test_a_model_that_does_not_answer_makes_a_refused_proposal() -> None:
    made, _ = propose(made_with(renew=1.0), 1, lambda request: ModelError(Fault.RATE, "later"))
    assert (made.program, made.operator, made.refusal) == (None, "meta_prompt", "rate limit: later")


def test_of_a_full_archive_the_worst_leaves_and_the_best_stays() -> None:
    meta = made_with(renew=0.2, size=6)
    count = iter(range(10_000))
    trials = play(
        meta,
        400,
        lambda text: {"hint c": 0.6, "hint e": 0.0}.get(text, 0.2),
        lambda request: f"<hint>{next(count)}</hint>",
    )
    kept = meta.archive(FACTS).values()
    assert len(kept) == 6
    assert "hint c" in kept
    assert "hint e" not in kept
    entered = [trial.notes["fragment"]["text"] for trial in trials if trial.notes["fragment"].get("new")]
    assert len(entered) > 40


def test_the_archive_keeps_its_size_though_several_enter_at_once() -> None:
    meta = made_with(renew=1.0, size=6)
    made = [propose(meta, seed, f"<hint>new {seed}</hint>")[0] for seed in range(4)]  # all in flight together
    for number, proposal in enumerate(made, 1):
        learn(meta, number, 2.0, proposal.notes)
    assert len(meta.archive(FACTS)) == 6
    last, _ = propose(meta, 9, "<hint>last</hint>")
    learn(meta, 9, 2.0, last.notes)
    assert len(meta.archive(FACTS)) == 6
    assert len(last.notes["fragment"]["leaving"]) == 4


# --- the record is enough ---------------------------------------------------------------------------------------------


def test_replay_from_notes_gives_the_same_archive_and_the_same_choices() -> None:
    count = iter(range(10_000))
    meta, again = made_with(renew=0.3, size=6), made_with(renew=0.3, size=6)
    trials = play(meta, 150, lambda text: 0.5 if len(text) == 2 else 0.2, lambda request: f"<hint>{next(count)}</hint>")
    for trial in trials:
        again.observe(trial, [PARENT])
    assert list(again.archive(FACTS).items()) == list(meta.archive(FACTS).items())
    for seed in range(20):
        one, other = propose(meta, seed, "<hint>same</hint>"), propose(again, seed, "<hint>same</hint>")
        assert (one[0].program, one[0].notes) == (other[0].program, other[0].notes)
        assert one[1].asked == other[1].asked


def test_the_operator_inside_works_with_what_was_known_when_the_proposal_was_decided() -> None:
    meta = made_with(renew=1.0)

    def meanwhile(request: Request) -> str:
        learn(meta, 7, 2.0, {})  # another trial is committed while the model thinks
        return "<hint>new</hint>"

    assert propose(meta, 1, meanwhile)[0].notes["seen"] == 0


PROBLEM = {
    "problem.toml": '[problem]\nstatement = "Return a number close to 3."\n[program]\nentry = "answer() -> float"\n',
    "seed.py": "def answer():\n    return 1.0\n",
    "evaluate.py": "from evolve import Instance, Outcome\n\n\ndef instances():\n    return [Instance('only', {})]\n\n\n"
    "def evaluate(candidate, instance):\n    return Outcome.ok(-abs(float(candidate.call('answer')) - 3))\n",
    "prompts/fragments.txt": "think big\nthink small\n",
}


def test_a_run_with_evolving_advice_replays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    folder = tmp_path / "near"
    for name, text in PROBLEM.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    asked = Counter[str]()

    def answer(conversation: Conversation) -> str:
        asked["all"] += 1
        if "<hint></hint>" in conversation.question:
            return f"<hint>try {asked['all']}</hint>"
        assert re.search(r"# A hint\n\n(think big|think small|try \d+)\n", conversation.messages[0].text)
        number = f"    return {1 + asked['all'] / 100}"
        line = re.findall(r"^    return .*$", conversation.messages[0].text, re.MULTILINE)[0]
        return f"program.py\n<<<<<<< SEARCH\n{line}\n=======\n{number}\n>>>>>>> REPLACE\n"

    async def search() -> Mapping[str, int]:
        async with OpenAIServer(Scripted(answer)) as server:
            layers = [*parse_models([f"openai:demo,base_url={server.url}"]), "mutator.use=meta_prompt"]
            layers += ["mutator.renew=0.5", "mutator.control=0", "mutator.size=3", "run.workers=1"]
            budget = {"budget": parse_budget("16trials")}
            run = Run.create(str(folder), overrides=layers, extra=budget, out=tmp_path / "run")
            run.preflight = False
            summary = await run.execute()
            return {"trials": summary.trials, "asked": summary.asked}

    found = asyncio.run(search())
    assert found["trials"] == 16
    assert found["asked"] > 18
    report = asyncio.run(replay(tmp_path / "run"))
    assert report.faithful, report.differences

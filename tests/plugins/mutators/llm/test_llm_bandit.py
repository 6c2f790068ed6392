"""The choice of a model and of what to ask it for: gain per dollar, and what happens where nothing comes of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.stats import binom

from evolve import Context, Mutator, Program, Proposal, Trial
from evolve.credit import Credit
from evolve.events import Refused
from evolve.interfaces import ProblemFacts
from evolve.messages import Capabilities, Fault, ModelError, Request
from evolve.testing import MemoryContext, make_facts, make_trial
from evolve_plugins.mutators.bandit import Bandit
from evolve_plugins.mutators.llm.model_bandit import ModelBandit

FACTS = replace(make_facts(), models={"cheap": Capabilities(), "dear": Capabilities()})
USUAL = {"usd": 0.01, "tokens": 1000.0, "calls": 1.0}
PARENT = make_trial(0, 1.0)


class TwoModels(MemoryContext):
    @property
    def models(self) -> Mapping[str, Capabilities]:
        return FACTS.models


@dataclass
class Asker(Mutator):
    """Asks the model, and writes a program that no other proposal has."""

    name: str
    asks: bool = True
    refuses: str = ""
    raises: bool = False
    seen: list[int] = field(default_factory=list)
    purposes: ClassVar[frozenset[str]] = frozenset({"improve"})

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        model = ""
        if self.asks:
            try:
                model = (await context.ask(Request.of(self.name))).model
            except ModelError as error:
                if self.raises:
                    raise
                return [Proposal.refused(self.name, str(error), (0,))]
        if self.refuses:
            return [Proposal(None, self.name, (0,), model, refusal=self.refuses)]
        text = f"{self.name} = {int(context.rng.integers(10**9))}"
        return [Proposal(Program({"program.py": text}), self.name, (0,), model)]

    def observe(self, trial: Trial, parents: Sequence[Trial]) -> None:
        self.seen.append(trial.number)

    def observe_refusal(self, refused: Refused) -> None:
        self.seen.append(-refused.step)

    def unfit(self, problem: ProblemFacts) -> str:
        return "never" if self.name == "misfit" else ""


@dataclass
class Starter(Asker):
    purposes: ClassVar[frozenset[str]] = frozenset({"restart"})


Judge = Callable[[str, str, int], tuple[float | None, Mapping[str, float]]]


def propose(bandit: Mutator, seed: int = 1, parents: Sequence[Trial] = (PARENT,), **rest: Any) -> Any:
    reply = rest.pop("reply", lambda request: "a program")
    context = TwoModels({0: PARENT}, FACTS, np.random.default_rng(seed), reply=reply, **rest)
    (made,) = asyncio.run(bandit.propose(parents, context))
    return made, context


def play(bandit: ModelBandit, rounds: int, judge: Judge, **rest: Any) -> Counter[tuple[str, str]]:
    """Let the bandit propose and learn; `judge` tells the fitness, None for an unusable answer, and the bill."""
    chosen = Counter[tuple[str, str]]()
    for number in range(1, rounds + 1):
        made, _ = propose(bandit, number, **rest)
        model, operator = made.notes["model_arm"]
        chosen[model, operator] += 1
        fitness, bill = judge(model, operator, number)
        notes = {**made.notes, "models": bill}
        if fitness is None or made.program is None:
            bandit.observe_refusal(Refused(number, made.operator, "no_block", (0,), notes))
        else:
            bandit.observe(make_trial(number, fitness, operator=operator, parents=(0,), notes=notes), [PARENT])
    return chosen


def pairs(one: str = "good", other: str = "bad") -> ModelBandit:
    return ModelBandit(operators=(Asker(one), Asker(other)))


# --- what it prefers --------------------------------------------------------------------------------------------------


def test_of_pairs_that_cost_alike_it_prefers_the_one_that_gains() -> None:
    def judge(model: str, operator: str, number: int) -> tuple[float, Mapping[str, float]]:
        return 2.0 + number if (model, operator) == ("dear", "good") else 0.5, USUAL

    chosen = play(pairs(), 300, judge)
    assert chosen["dear", "good"] > 150  # a quarter would be 75
    assert chosen["dear", "good"] > 2 * max(count for pair, count in chosen.items() if pair != ("dear", "good"))


@pytest.mark.parametrize("what", ["usd", "tokens"])
def test_of_pairs_that_gain_alike_it_prefers_the_cheaper_per_dollar_or_else_per_token(what: str) -> None:
    def judge(model: str, operator: str, number: int) -> tuple[float, Mapping[str, float]]:
        usd = {"usd": 0.1 if model == "dear" else 0.01, "tokens": 1000.0 if model == "dear" else 9000.0}
        tokens = {"usd": 0.0, "tokens": 9000.0 if model == "dear" else 1000.0}  # nobody knows a price
        return (2.0 + number if number % 3 == 0 else 0.5), usd if what == "usd" else tokens

    chosen = play(pairs(), 300, judge)
    cheap = chosen["cheap", "good"] + chosen["cheap", "bad"]
    assert cheap > binom.ppf(0.999, 300, 0.5)
    assert cheap > 200


def test_one_unknown_price_is_enough_to_count_tokens() -> None:
    def judge(model: str, operator: str, number: int) -> tuple[float, Mapping[str, float]]:
        free = {"usd": 0.0, "tokens": 9000.0}
        return (2.0 + number if number % 3 == 0 else 0.5), {"usd": 0.01, "tokens": 1000.0} if model == "dear" else free

    chosen = play(pairs(), 300, judge)
    assert chosen["dear", "good"] + chosen["dear", "bad"] > 200  # per dollar the other one would be a bargain


def test_an_answer_that_cannot_be_used_is_a_trial_that_gained_nothing() -> None:
    def judge(model: str, operator: str, number: int) -> tuple[float | None, Mapping[str, float]]:
        return (None if operator == "bad" else 2.0 + number), USUAL

    chosen = play(pairs(), 200, judge)
    assert chosen["cheap", "bad"] + chosen["dear", "bad"] < 60


def test_a_model_that_does_not_answer_is_no_bargain_though_it_costs_nothing() -> None:
    def dead(model: str, operator: str, number: int) -> tuple[float | None, Mapping[str, float]]:
        return (None, {"usd": 0.0, "tokens": 0.0}) if model == "dear" else (2.0 + number * (number % 8 == 0), USUAL)

    chosen = play(pairs(), 300, dead)
    assert chosen["dear", "good"] + chosen["dear", "bad"] < 100  # of which 30 are owed to exploration


def test_a_failure_without_a_cost_is_charged_what_is_usual() -> None:
    def worth(cost: float) -> float:
        credit = Credit(200.0, 100, 1e-6)
        for number in range(1, 9):
            credit.learn("other", "improve", make_trial(number, 2.0 + number), [PARENT], 0.01)
            credit.learn_failure("arm", "improve", cost)
        return float(np.mean([credit.worth("arm", "improve", np.random.default_rng(seed)) for seed in range(400)]))

    assert worth(0.0) == pytest.approx(worth(0.01), rel=0.01)


def test_every_pair_keeps_being_tried() -> None:
    def judge(model: str, operator: str, number: int) -> tuple[float, Mapping[str, float]]:
        return 2.0 + number if (model, operator) == ("cheap", "good") else 0.5, USUAL

    chosen = play(pairs(), 400, judge)
    assert len(chosen) == 4
    assert min(chosen.values()) >= binom.ppf(0.001, 400, 0.2 / 4)
    greedy = play(replace(pairs(), explore=0.0), 400, judge)
    assert sum(greedy.values()) - greedy["cheap", "good"] < sum(chosen.values()) - chosen["cheap", "good"]


def test_it_changes_its_mind_when_the_gains_move() -> None:
    def judge_for(best: str, base: float) -> Judge:
        return lambda model, operator, number: (base + number if operator == best else 0.5, USUAL)

    bandit = replace(pairs("early", "late"), memory=30.0)
    play(bandit, 100, judge_for("early", 2.0))
    chosen = play(bandit, 300, judge_for("late", 102.0))
    assert sum(n for (_, name), n in chosen.items() if name == "late") > binom.ppf(0.999, 300, 0.5)


def test_choices_follow_from_the_record_alone() -> None:
    def judge(model: str, operator: str, number: int) -> tuple[float | None, Mapping[str, float]]:
        return (None if number % 5 == 0 else float(number % 7)), {"usd": 0.01 * (1 + number % 3), "tokens": 10.0}

    one, other = pairs(), pairs()
    assert play(one, 80, judge) == play(other, 80, judge)
    for seed in range(20):
        first, second = propose(one, seed)[0], propose(other, seed)[0]
        assert (first.program, first.notes) == (second.program, second.notes)
    seen = [arm.seen for arm in one.operators if isinstance(arm, Asker)]
    assert seen == [[-n if n % 5 == 0 else n for n in range(1, 81)]] * 2  # refusals are told to all as well


# --- which arms there are ---------------------------------------------------------------------------------------------


def test_an_arm_that_has_nothing_to_ask_hands_over_for_free() -> None:
    bandit = ModelBandit(operators=(Asker("stuck", asks=False, refuses="nothing here"), Asker("other")))
    for seed in range(20):
        made, context = propose(bandit, seed)
        assert (made.operator, len(context.asked)) == ("other", 1)
        assert made.notes["model_arm"][1] == "other"
    alone, context = propose(ModelBandit(operators=(Asker("stuck", asks=False, refuses="nothing here"),)))
    assert (alone.program, alone.refusal, context.asked) == (None, "stuck: nothing here", [])


@pytest.mark.parametrize("raises", [True, False])
def test_once_something_was_asked_no_other_arm_is(raises: bool) -> None:
    bandit = ModelBandit(operators=(Asker("one", raises=raises), Asker("two", raises=raises)))
    made, context = propose(bandit, reply=lambda request: ModelError(Fault.RATE, "later"))
    assert len(context.asked) == 1
    assert (made.program, made.refusal) == (None, "rate limit: later")
    assert made.notes["model_arm"] in [[model, name] for model in FACTS.models for name in ("one", "two")]
    paid, context = propose(ModelBandit(operators=(Asker("one", refuses="no_block"), Asker("two", refuses="no_block"))))
    assert (len(context.asked), paid.refusal) == (1, "no_block")


def test_only_operators_for_the_purpose_are_asked() -> None:
    bandit = ModelBandit(operators=(Asker("improver"), Starter("starter")))
    assert {propose(bandit, seed)[0].operator for seed in range(20)} == {"improver"}
    assert {propose(bandit, seed, purpose="restart")[0].operator for seed in range(20)} == {"starter"}
    assert propose(pairs(), purpose="restart")[0].refusal == "no operator fits"


def test_the_chosen_model_is_the_one_that_is_asked() -> None:
    for seed in range(20):
        made, _ = propose(pairs(), seed)
        assert made.model == made.notes["model_arm"][0]


def test_fixed_draws_operators_evenly_and_leaves_the_model_open() -> None:
    bandit = replace(pairs(), choose="fixed")

    def judge(model: str, operator: str, number: int) -> tuple[float, Mapping[str, float]]:
        return 2.0 + number if operator == "good" else 0.5, USUAL

    chosen = play(bandit, 300, judge)
    assert set(chosen) == {("", "good"), ("", "bad")}
    assert binom.ppf(0.0005, 300, 0.5) <= chosen["", "good"] <= binom.ppf(0.9995, 300, 0.5)


def test_an_operator_asked_for_by_name_is_the_one_asked() -> None:
    assert {propose(pairs(), seed, operator="bad.edit")[0].operator for seed in range(9)} == {"bad"}
    assert "there is no operator 'god'; did you mean 'good'?" in propose(pairs(), operator="god")[0].refusal


def test_it_comes_with_all_operators_in_the_box_and_says_what_it_needs() -> None:
    bandit = ModelBandit()
    names = [operator.name for operator in bandit.operators if hasattr(operator, "name")]
    assert names == ["llm_diff", "llm_rewrite", "llm_crossover", "llm_fix", "llm_from_scratch"]
    assert (bandit.most_requests(), bandit.longest_prompt()) == (2, 24_000)
    assert bandit.unfit(FACTS) == ""
    assert "--model" in bandit.unfit(make_facts())
    assert ModelBandit(operators=(Asker("misfit"), Asker("misfit"))).unfit(FACTS) == "never"


# --- beside operators without a model ---------------------------------------------------------------------------------


def test_a_share_of_the_proposals_is_made_by_others() -> None:
    bandit = replace(pairs(), others=Asker("edit", asks=False), share_of_others=0.3)
    made = [propose(bandit, seed)[0] for seed in range(400)]
    share = sum(proposal.operator == "edit" for proposal in made)
    assert binom.ppf(0.0005, 400, 0.3) <= share <= binom.ppf(0.9995, 400, 0.3)
    assert all("model_arm" not in proposal.notes for proposal in made if proposal.operator == "edit")
    named = {propose(bandit, seed, operator="good")[0].operator for seed in range(20)}
    assert named == {"good"}


def test_others_are_not_asked_for_what_they_are_not_good_for() -> None:
    bandit = ModelBandit(operators=(Starter("starter"),), others=Asker("edit", asks=False), share_of_others=1.0)
    assert propose(bandit)[0].operator == "edit"
    assert propose(bandit, purpose="restart")[0].operator == "starter"


def test_a_bandit_beside_it_learns_from_its_own_trials_and_not_from_those_of_models() -> None:
    inner = Bandit((Asker("edit", asks=False),))
    bandit = replace(pairs(), others=inner, share_of_others=0.5)
    arms = Counter[str]()
    for number in range(1, 60):
        made, _ = propose(bandit, number)
        arms["edit" if "arm" in made.notes else "model"] += 1
        notes = {**made.notes, **({"models": USUAL} if "model_arm" in made.notes else {})}
        bandit.observe(make_trial(number, float(number), operator=made.operator, parents=(0,), notes=notes), [PARENT])
    assert min(arms.values()) > 10

"""`plan`: what a run may ask models for, at most, before anything is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evolve.config import RunConfig
from evolve.interfaces import Mutator
from evolve.models.directory import lines_of, prices_of
from evolve.registry import Registry

__all__ = ["ModelPlan", "Plan", "over_budget", "plan"]

_REFUSAL_TOKENS = 500


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """The dearest request to one model.

    Args:
        model: its name in the run.
        prompt_tokens: of the longest request.
        completion_tokens: of the longest answer.
        usd: what that costs, US dollars, or None when the price is not known.
    """

    model: str
    prompt_tokens: int
    completion_tokens: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run may ask models for, at most; the one word that each is asked for before the run is not in it.

    Args:
        models: the dearest request to each.
        requests_per_proposal: at most.
        trials: that the budget allows, or None.
        requests: at most, when every proposal becomes a trial; None when no budget of trials limits it.
        tokens: of those requests, all as long as can be, after the budget in tokens; None when nothing limits them.
        usd: of those requests, all to the dearest model, after the budget in dollars; None when nothing limits it, or
            when a price is not known.
        worst_usd: the same before the budget in dollars.
        worst_tokens: the same before the budget in tokens.
    """

    models: tuple[ModelPlan, ...]
    requests_per_proposal: int
    trials: int | None
    requests: int | None
    tokens: float | None
    usd: float | None
    worst_usd: float | None
    worst_tokens: float | None


def plan(config: RunConfig, registry: Registry) -> Plan:
    """Return what a run of this configuration may ask at most; nothing is sent.

    Raises:
        PluginError: a model or an operator does not exist.
        ConfigError: a setting does not fit.
    """
    lines = lines_of(config.models, registry)
    prices = prices_of(lines, needed=False)
    mutator: Mutator = registry.build("mutator", config.mutator, {"mutators": config.mutators or None})
    per_proposal = mutator.most_requests() if lines else 0
    models: list[ModelPlan] = []
    for name, line in lines.items():
        said = line.settings.max_tokens
        asked = mutator.longest_prompt() + max(0, per_proposal - 1) * (said + _REFUSAL_TOKENS)
        price = prices[name]
        models.append(ModelPlan(name, asked, said, price.of(asked, said) if price else None))
    trials, budget = config.budget.trials, config.budget
    requests = trials * per_proposal if trials is not None else None
    longest = max((model.prompt_tokens + model.completion_tokens for model in models), default=0)
    worst_tokens = float(requests * longest) if requests is not None else None
    known = [model.usd for model in models if model.usd is not None]
    worst_usd = requests * max(known, default=0.0) if requests is not None and len(known) == len(models) else None
    return Plan(
        tuple(models),
        per_proposal,
        trials,
        requests,
        _least(worst_tokens, budget.tokens),
        _least(worst_usd, budget.usd),
        worst_usd,
        worst_tokens,
    )


def over_budget(plan: Plan, limits: Mapping[str, float | None]) -> list[str]:
    """Return in words which budgets the worst case would exceed, were it not stopped there."""
    usd, tokens = limits.get("usd"), limits.get("tokens")
    over = []
    if usd is not None and (plan.worst_usd is None or plan.worst_usd > usd):
        over.append(f"{usd:g} usd")
    if tokens is not None and (plan.worst_tokens is None or plan.worst_tokens > tokens):
        over.append(f"{tokens:g} tokens")
    return over


def _least(*amounts: float | None) -> float | None:
    return min((amount for amount in amounts if amount is not None), default=None)

"""How certain a model was of an answer, by its log probabilities; and voting among answers that are the same.

Self-certainty is the mean over the tokens of KL(U || p), how far a token's distribution p is from the uniform one U:
−(1/V) Σ_j log(V p_j) for a vocabulary of V tokens. Servers report the k most probable tokens only. The rest of the
mass, r, adds least when it is spread evenly over the other V − k tokens, so

    −(1/V) (Σ_{j ≤ k} log p_j + (V − k) log(r / (V − k))) − log V

is a lower bound, and one that ranks like the exact value.

Reference: Kang et al., "Scalable best-of-N selection for large language models via self-certainty", 2025.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from evolve.messages import TokenLogprob

__all__ = ["MEASURES", "borda", "mean_logprob", "self_certainty", "sequence_logprob"]

_LEAST_MASS = 1e-7
"""Servers round; a smaller rest than this is noise. Taking it for larger keeps the bound one."""
_LEAST_LOGPROB = -100.0
"""Some servers say −9999 for "not at all"."""


def self_certainty(tokens: Sequence[TokenLogprob], vocabulary: int) -> float:
    """Return the lower bound of an answer's self-certainty, nats per token, or −inf when no alternatives are known.

    Args:
        tokens: of the answer, with alternatives.
        vocabulary: how many tokens the model knows, > 0; the same one for all answers that are compared.
    """
    bounds = [_bound(token.top, vocabulary) for token in tokens if token.top]
    return math.fsum(bounds) / len(bounds) if bounds else -math.inf


def mean_logprob(tokens: Sequence[TokenLogprob], vocabulary: int) -> float:
    """Return the mean log probability of the tokens that were drawn, or −inf when it is not known."""
    return sequence_logprob(tokens, vocabulary) / max(1, len(tokens))


def sequence_logprob(tokens: Sequence[TokenLogprob], vocabulary: int) -> float:
    """Return the log probability of the whole answer, or −inf when it is not known."""
    return math.fsum(token.logprob for token in tokens) if tokens else -math.inf


MEASURES: Mapping[str, Callable[[Sequence[TokenLogprob], int], float]] = {
    "self_certainty": self_certainty,
    "mean_logprob": mean_logprob,
    "sequence_logprob": sequence_logprob,
}
"""By name: what tells from the tokens of an answer, and the size of the vocabulary, how certain the model was."""


def borda(keys: Sequence[str], scores: Sequence[float], power: float) -> dict[str, float]:
    """Return the votes for each class of equal answers, in the order in which the classes first appear.

    The answer of rank r among N, 1 being the best, gives its class (N − r + 1) ** power votes; of equal scores the
    earlier one ranks higher. With a power of 0 every answer has one vote: the majority decides.

    Args:
        keys: class of each answer.
        scores: how good each answer seems, higher is better.
        power: >= 0.
    """
    votes: dict[str, float] = dict.fromkeys(keys, 0.0)
    ranked = sorted(range(len(keys)), key=lambda i: -scores[i])
    for rank, i in enumerate(ranked, 1):
        votes[keys[i]] += float((len(keys) - rank + 1) ** power)
    return votes


def _bound(top: Sequence[float], vocabulary: int) -> float:
    known = [max(logprob, _LEAST_LOGPROB) for logprob in top[:vocabulary]]
    others = vocabulary - len(known)
    rest = max(_LEAST_MASS, 1.0 - math.fsum(map(math.exp, known)))
    spread = others * math.log(rest / others) if others else 0.0
    return -(math.fsum(known) + spread) / vocabulary - math.log(vocabulary)

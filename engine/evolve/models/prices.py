"""What a request costs: from the user's own prices, or from a table that a package keeps up to date."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from evolve.errors import PluginError

__all__ = ["Price", "find_price"]

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens.

    Args:
        prompt: of the request, >= 0.
        completion: of the answer, thoughts included, >= 0.
        cached: of that part of the request which the server had in its cache, >= 0.
    """

    prompt: float
    completion: float
    cached: float

    def of(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """Return what tokens cost, US dollars.

        Args:
            prompt_tokens: of the request, cached ones included.
            completion_tokens: of the answer.
            cached_tokens: those of the request that came from the cache.
        """
        fresh = max(0, prompt_tokens - cached_tokens)
        dear = fresh * self.prompt + cached_tokens * self.cached + completion_tokens * self.completion
        return dear / _MILLION


@functools.lru_cache(maxsize=64)
def find_price(provider: str, model: str, address: str = "", prompt_tokens: int = 100_000) -> Price | None:
    """Look a model's price up in the table of the package genai-prices.

    Where a price depends on the length of the request, it is the one for a request of `prompt_tokens`.

    Args:
        provider: whose model it is, such as "openai"; counts when there is no address.
        model: its name.
        address: URL of the server that is asked, or "": a server that the table does not know has no price.
        prompt_tokens: length of the request that the price is for, > 0.

    Returns:
        The price, or None when the table has no such model.

    Raises:
        PluginError: the package is not installed.
    """
    try:
        import genai_prices
    except ImportError as error:
        raise PluginError(
            "prices of models need the package genai-prices: install evolve-engine[models], or set price_in and "
            "price_out (US dollars per million tokens) of each model"
        ) from error
    where: dict[str, Any] = {"provider_api_url": address} if address else {"provider_id": provider}

    def cost(**tokens: int) -> Decimal:
        found = genai_prices.calc_price(genai_prices.Usage(**tokens), model_ref=model, **where)
        return found.total_price * _MILLION / prompt_tokens

    try:
        prompt = cost(input_tokens=prompt_tokens, output_tokens=0)
        completion = cost(input_tokens=prompt_tokens, output_tokens=prompt_tokens) - prompt
        cached = cost(input_tokens=prompt_tokens, cache_read_tokens=prompt_tokens, output_tokens=0)
    except LookupError:
        return None
    return Price(float(prompt), float(completion), float(cached))

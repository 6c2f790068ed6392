"""What models cost, from the user's own prices or from the table of a package, and which models a run has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evolve import hookimpl
from evolve.errors import ConfigError, PluginError
from evolve.models.directory import lines_of, prices_of
from evolve.models.line import Line
from evolve.models.prices import Price, find_price
from evolve.registry import Registry
from evolve.tables import ModelTable

dollars = st.floats(0.0, 1000.0)
tokens = st.integers(0, 10**7)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    find_price.cache_clear()
    yield
    find_price.cache_clear()


def lines(*tables: dict[str, Any]) -> dict[str, Line]:
    return lines_of([ModelTable(**table) for table in tables], Registry())


# --- prices -----------------------------------------------------------------------------------------------------------


def test_a_price_is_per_million_tokens_and_cached_tokens_have_their_own() -> None:
    price = Price(prompt=2.0, completion=8.0, cached=0.5)
    assert price.of(1_000_000, 0) == 2.0
    assert price.of(0, 500_000) == 4.0
    assert price.of(1000, 100, cached_tokens=400) == pytest.approx((600 * 2.0 + 400 * 0.5 + 100 * 8.0) / 1e6)
    assert price.of(100, 0, cached_tokens=100) == pytest.approx(100 * 0.5 / 1e6)


@given(prompt=dollars, completion=dollars, share=st.floats(0.0, 1.0), asked=tokens, answered=tokens, data=st.data())
def test_a_cache_never_makes_a_request_dearer_than_its_upper_bound(
    prompt: float, completion: float, share: float, asked: int, answered: int, data: st.DataObject
) -> None:
    price = Price(prompt, completion, prompt * share)
    cached = data.draw(st.integers(0, asked))
    assert 0.0 <= price.of(asked, answered, cached) <= price.of(asked, answered) * (1 + 1e-12)


def test_a_well_known_model_has_a_price_and_cached_tokens_cost_less() -> None:
    price = find_price("openai", "gpt-4o")
    assert price == Price(prompt=2.5, completion=10.0, cached=1.25)
    assert find_price("openai", "gpt-4o", "https://api.openai.com/v1") == price


def test_a_price_that_depends_on_the_length_is_the_one_for_that_length() -> None:
    short, long = (find_price("anthropic", "claude-sonnet-4-5", "", length) for length in (1000, 1_000_000))
    assert short is not None
    assert long is not None
    assert (short.prompt, short.completion) == (3.0, 15.0)
    assert long.prompt > short.prompt
    assert long.completion > short.completion


@pytest.mark.parametrize(
    ("provider", "model", "address"),
    [
        ("openai", "no-such-model-4711", ""),
        ("openai", "", ""),
        ("no-such-provider", "gpt-4o", ""),
        ("openai", "gpt-4o", "http://localhost:8000/v1"),
        ("openai", "gpt-4o", "not an address"),
    ],
)
def test_a_model_that_nobody_knows_or_that_runs_elsewhere_has_no_price(provider: str, model: str, address: str) -> None:
    assert find_price(provider, model, address) is None


def test_a_missing_table_of_prices_is_known_by_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(PluginError, match=r"install evolve-engine\[models\], or set price_in and price_out"):
        find_price("openai", "gpt-4o")


# --- which models a run has -------------------------------------------------------------------------------------------


def test_a_model_is_known_by_its_client_and_name_and_a_second_one_by_its_number() -> None:
    same: dict[str, Any] = {"use": "scripted", "model": "a.py:f"}
    found = lines(same, {"use": "openai", "model": "m"}, same, {**same, "weight": 3.0}, {**same, "model": "a.py:f#2"})
    names = ["scripted:a.py:f", "openai:m", "scripted:a.py:f#2", "scripted:a.py:f#3", "scripted:a.py:f#2#2"]
    assert list(found) == names
    assert [line.name for line in found.values()] == names
    assert [line.settings.weight for line in found.values()] == [1.0, 1.0, 1.0, 3.0, 1.0]


def test_a_number_sign_in_a_name_hides_no_model() -> None:
    assert list(lines(*[{"use": "scripted", "model": "a#b.py:f"}] * 2)) == [
        "scripted:a#b.py:f",
        "scripted:a#b.py:f#2",
    ]


def test_a_client_gets_its_own_settings_and_a_wrong_one_is_refused() -> None:
    (line,) = lines({"use": "openai", "model": "m", "base_url": "http://localhost:8000/v1", "concurrency": 2}).values()
    assert (line.client.address, line.settings.concurrency) == ("http://localhost:8000/v1", 2)
    with pytest.raises(ConfigError, match="streem"):
        lines({"use": "openai", "model": "m", "streem": True})
    with pytest.raises(PluginError, match="no_such_client"):
        lines({"use": "no_such_client", "model": "m"})


def test_a_package_of_ones_own_brings_its_client(actor: Any) -> None:
    class Package:
        @hookimpl
        def evolve_models(self) -> dict[str, Any]:
            return {"acme": actor}

    registry = Registry(entry_points=False)
    registry.add("acme", Package())
    (line,) = lines_of([ModelTable(use="acme", model="m7", duration_s=2.0, weight=3.0)], registry).values()
    assert (line.name, line.client.model, line.client.duration_s) == ("acme:m7", "m7", 2.0)
    assert prices_of({line.name: line}, needed=False) == {"acme:m7": None}


def test_the_users_own_prices_win() -> None:
    found = lines({"use": "openai", "model": "gpt-4o", "price_in": 0.0, "price_out": 7.0})
    assert prices_of(found, needed=True) == {"openai:gpt-4o": Price(0.0, 7.0, 0.0)}


@pytest.mark.parametrize("half", [{"price_in": 1.0}, {"price_out": 1.0}])
@pytest.mark.parametrize("needed", [True, False])
def test_half_a_price_is_refused(half: dict[str, float], needed: bool) -> None:
    with pytest.raises(ConfigError, match="model openai:gpt-4o: set both price_in and price_out, or neither"):
        prices_of(lines({"use": "openai", "model": "gpt-4o", **half}), needed=needed)


def test_a_price_that_nobody_knows_matters_only_where_there_is_a_budget_in_dollars() -> None:
    found = lines({"use": "openai", "model": "gpt-4o", "base_url": "http://localhost:8000/v1"})
    assert prices_of(found, needed=False) == {"openai:gpt-4o": None}
    with pytest.raises(ConfigError, match="model openai:gpt-4o: nobody knows its price") as seen:
        prices_of(found, needed=True)
    assert "set price_in and price_out" in str(seen.value)


def test_a_run_without_a_budget_in_dollars_needs_no_table_of_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    found = lines({"use": "openai", "model": "gpt-4o"})
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert prices_of(found, needed=False) == {"openai:gpt-4o": None}
    with pytest.raises(PluginError, match="genai-prices"):
        prices_of(found, needed=True)

"""Each hook is a promise: it has a page entry with its exact signature, and a test that uses it."""

from __future__ import annotations

import inspect

import pytest

from house_sources import ROOT, hooks, sources

HOOKS_PAGE = ROOT / "docs" / "reference" / "hooks.md"


@pytest.mark.parametrize("hook", sorted(hooks()))
def test_the_page_shows_the_exact_signature(hook: str) -> None:
    assert f"## `{written(hook, hooks()[hook])}`" in HOOKS_PAGE.read_text(encoding="utf-8").splitlines()


def test_the_page_shows_no_hook_that_is_gone() -> None:
    headings = [line for line in HOOKS_PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("## `evolve_")]
    assert len(headings) == len(hooks())


@pytest.mark.parametrize("hook", sorted(hooks()))
def test_some_test_uses_the_hook(hook: str) -> None:
    users = [s.name for s in sources("tests") if hook in s.text and not s.name.startswith("tests/house/")]
    assert users, f"no test uses {hook}"


def written(name: str, signature: inspect.Signature) -> str:
    """Write a signature as the documentation shows it."""
    arguments = ", ".join(f"{parameter.name}: {parameter.annotation}" for parameter in signature.parameters.values())
    return f"{name}({arguments}) -> {signature.return_annotation}"

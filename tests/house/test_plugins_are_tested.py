"""Every shipped plugin has a test that names its class."""

from __future__ import annotations

import re

from house_sources import shipped_plugins, sources


def test_every_shipped_plugin_class_appears_in_a_test() -> None:
    tests = "\n".join(s.text for s in sources("tests", "problems") if "/house/" not in s.name and "test_" in s.name)
    untested = [
        f"{hook}: {name} ({cls.__name__})"
        for hook, classes in shipped_plugins().items()
        for name, cls in classes.items()
        if not re.search(rf"\b{cls.__name__}\b", tests)
    ]
    assert not untested


def test_every_shipped_plugin_names_a_paper_or_says_what_it_does() -> None:
    short = [
        f"{hook}: {name}"
        for hook, classes in shipped_plugins().items()
        for name, cls in classes.items()
        if len((cls.__doc__ or "").split()) < 4
    ]
    assert not short

"""What goes into a behaviour key: answers that repeat, rounded floats, errors by type and place, and who asked."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evolve.evaluation import Limits
from evolve.fingerprint import behaviour_key, error_signature
from evolve.identity import problem_digest
from evolve.interfaces import Description, Job
from evolve.judge import Judge
from evolve.problem import load_problem
from evolve.registry import Registry
from evolve.wiring import setup_of

EVALUATE = """
from evolve import Instance, Outcome


def instances(n=2):
    return [Instance("only", {"n": n})]


def evaluate(candidate, instance):
    return Outcome.ok(1.0)


def probe(candidate):
    return candidate.call("answer")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a problem with a probe."""
    home = tmp_path / "probed"
    home.mkdir()
    (home / "problem.toml").write_text('[program]\nentry = "answer()"\n')
    (home / "seed.py").write_text("def answer():\n    return 1.0\n")
    (home / "evaluate.py").write_text(EVALUATE)
    return home


@pytest.fixture
def judge(folder: Path) -> Iterator[Judge]:
    """Return a judge of that problem, with its sandbox."""
    registry = Registry()
    with Judge(setup_of(load_problem(str(folder), registry), registry)) as made:
        yield made


def probed(judge: Judge, text: str) -> str:
    result = judge.run(Job("probe", {"program.py": text}, "program.py", limits=Limits(wall_s=5.0)))
    if result.outcome is None:
        assert not result.error
        return behaviour_key(result.value)
    assert result.error
    return behaviour_key(error_signature(result.outcome.status, result.outcome.feedback))


RANDOM = {
    "random": "import random\ndef answer(): return random.random()",
    "a generator of its own": "import random\ndef answer(): return random.Random().random()",
    "a generator that is seeded anew": "import random\ndef answer():\n random.seed()\n return random.random()",
    "numpy's old generator": "import numpy as np\ndef answer(): return np.random.rand(3).tolist()",
    "numpy's old generator, seeded anew": (
        "import numpy as np\ndef answer():\n np.random.seed()\n"
        " return [np.random.rand(), np.random.RandomState().rand()]"
    ),
    "numpy's new generator": "import numpy as np\ndef answer(): return np.random.default_rng().random(3).tolist()",
    "the system's entropy": "import os\ndef answer(): return os.urandom(8)",
    "secrets and uuids": "import secrets, uuid\ndef answer(): return [secrets.token_hex(4), str(uuid.uuid4())]",
    "the order of a set": "def answer(): return list({'a', 'b', 'c', 'd', 'e', 'f'})",
}


def test_every_random_source_is_the_same_for_every_probe(judge: Judge) -> None:
    keys = {what: [probed(judge, text), probed(judge, f"# again\n{text}")] for what, text in RANDOM.items()}
    assert not [what for what, (first, second) in keys.items() if first != second]
    assert len({first for first, _ in keys.values()}) >= len(RANDOM) - 1  # a generator, new or seeded anew, is one


def test_programs_share_a_class_when_they_fail_alike_and_only_then(judge: Judge) -> None:
    crash = "def answer():\n    return {}[{}]\n"
    one, two = probed(judge, crash.format("'a'", "'b'")), probed(judge, "X = 2\n" + crash.format("'a'", "'b'"))
    same = probed(judge, crash.format("'a'", "'b'") + "# said otherwise\n")
    assert one == same
    assert one != two, "another line is another place"
    others = [
        "def answer():\n    return 1 / 0\n",
        "def answer():\n    return [][3]\n",
        "def answer():\n    x = 1\n    return 1 / 0\n",
        "def nothing():\n    return 1\n",
        "def answer():\n    return None\n",
    ]
    assert len({one, *(probed(judge, text) for text in others)}) == 1 + len(others)
    where = "def answer():\n    raise ValueError(object())\n"
    assert probed(judge, where) == probed(judge, where + "\n# elsewhere\n")


def test_a_limit_that_was_met_is_no_class(judge: Judge) -> None:
    slow = "def answer():\n    while True:\n        pass\n"
    result = judge.run(Job("probe", {"program.py": slow}, "program.py", limits=Limits(wall_s=0.3)))
    assert result.outcome is not None
    assert (result.value, result.outcome.status, result.error[:7]) == (None, "timeout", "timeout")


def test_an_error_is_known_by_its_type_its_last_place_and_its_words_without_addresses() -> None:
    trace = "  program.py:9 in answer: f()\n  program.py:3 in f: raise ValueError(x)\nValueError: <x at 0x7f00aa{}>"
    assert error_signature("error", trace.format("10")) == error_signature(
        "error", trace.format("ff").replace(":9", ":8")
    )
    assert error_signature("error", trace) == [
        *("failed", "error", "program.py:3 in f: raise ValueError(x)"),
        "ValueError: <x at 0x{}>",
    ]
    assert error_signature("error", "it answered with a set") == ["failed", "error", "", "it answered with a set"]
    assert error_signature("error", trace) != error_signature("invalid", trace)


@pytest.mark.parametrize(
    ("status", "classes"), [("error", 2), ("invalid", 2), ("timeout", 40), ("memory", 40), ("infrastructure", 40)]
)
def test_a_run_merges_programs_that_fail_alike_in_the_probe_but_none_that_met_a_limit(
    search: Any, facts: Any, status: str, classes: int
) -> None:
    probed = ("executor.probes=true", 'class_keys.levels=["behaviour"]', "budget.trials=40")
    search(*probed, f"mutator.fails={status}")
    assert len({body["class_key"] for body in facts("committed")}) == classes


# --- rounding ---------------------------------------------------------------------------------------------------------


def test_digits_are_binary_places_of_the_mantissa_whatever_the_size_of_the_number() -> None:
    for size in (1.0, 1e-300, 3e200, -7.0):
        near, far = size * (1 + 2.0**-15), size * (1 + 2.0**-7)
        assert behaviour_key(size, 10) == behaviour_key(near, 10) != behaviour_key(far, 10)
        assert behaviour_key(size, 20) != behaviour_key(near, 20)


def test_fewer_digits_never_split_more() -> None:
    values = np.random.default_rng(4).normal(size=3000).tolist()
    classes = [len({behaviour_key(value, digits) for value in values}) for digits in range(1, 25)]
    assert classes == sorted(classes)
    assert classes[0] < 60 < 2900 < classes[-1]


def test_the_largest_floats_are_not_infinite_and_the_smallest_are_not_zero() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answers = [1.7976931348623157e308, math.inf, -math.inf, math.nan, 5e-324, 0.0, 1.0, -1.0, 2.0, 0.5]
        assert len({behaviour_key(answer) for answer in answers}) == len(answers)


# --- who asked --------------------------------------------------------------------------------------------------------


def digest(folder: Path, *overrides: str) -> str:
    registry = Registry()
    problem = load_problem(str(folder), registry, overrides)
    setup = setup_of(problem, registry)
    with Judge(setup) as judge:
        description: Description = judge.description
    return problem_digest(problem, registry, description)


def test_a_key_holds_the_problem_its_evaluator_and_its_parameters(folder: Path) -> None:
    first = digest(folder)
    assert first == digest(folder, "budget.trials=3", "run.seed=4", "strategy=steady_state")
    found = {first, digest(folder, "params.n=3"), digest(folder, 'sandbox.preload=["math"]')}
    (folder / "data.json").write_text("[1]")
    found.add(digest(folder))
    (folder / "evaluate.py").write_text(EVALUATE.replace("1.0", "2.0"))
    found.add(digest(folder))
    (folder.parent / "_shared").mkdir()
    (folder.parent / "_shared" / "rules.py").write_text("RULE = 1\n")
    found.add(digest(folder))
    assert len(found) == 6
    (folder / "README.md").write_text("words")
    (folder / "records.json").write_text("{}")
    for where in (folder, folder / "results" / "one"):
        (where / "best").mkdir(parents=True)
        for name in ("record.sqlite", "record.sqlite-wal", "outcomes.sqlite", "lock"):
            (where / name).write_text("grows while a run goes on")
    (folder / "results" / "one" / "best" / "program.py").write_text("")
    assert digest(folder) in found
    assert behaviour_key(1.0, scope="one") != behaviour_key(1.0, scope="another")

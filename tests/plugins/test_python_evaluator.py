"""PythonEvaluator: a problem folder's own evaluate.py, and what its author is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evolve.errors import ProblemError
from evolve.instance import Instance
from evolve.interfaces import Description, Setup
from evolve.primitives import Parameter
from evolve_plugins.evaluators.python import PythonEvaluator

WHOLE = """
from evolve import Instance, Outcome, Verdict
from evolve_test_helper import TWO

def instances(n=26, names=("a",)):
    return [Instance(name, {"n": n * TWO}) for name in names]

def evaluate(candidate, instance):
    return Outcome.ok(candidate.call("f"))

def probe(candidate):
    return candidate.call("f")

def verify(solution, instance):
    return Verdict.ok(solution)

def draw(solution, instance):
    if solution == "svg":
        return "<svg/>"
    if solution == "nothing":
        return None
    from matplotlib.figure import Figure
    figure = Figure(figsize=(1, 1))
    figure.add_subplot().plot([0, 1], [0, 1])
    return figure
"""
PRIMITIVES = """
from typing import Annotated
from evolve.primitives import Range, Seed, primitive

class Points(list): ...

@primitive(cost=1.0)
def random_points(n: int, seed: Seed) -> Points:
    'Draw points.'
    return Points()

@primitive()
def scale(points: Points, factor: Annotated[float, Range(0.1, 10.0, log=True)]) -> Points:
    return points

def helper(x): ...
"""


def open_folder(folder: Path, files: dict[str, str], **setup: Any) -> tuple[PythonEvaluator, Description]:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    evaluator = PythonEvaluator()
    return evaluator, evaluator.open(Setup(str(folder), "", **setup))


def mistake(folder: Path, files: dict[str, str], **setup: Any) -> str:
    with pytest.raises(ProblemError) as caught:
        open_folder(folder, files, **setup)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_says_what_it_offers(tmp_path: Path) -> None:
    files = {"evaluate.py": WHOLE, "evolve_test_helper.py": "TWO = 2"}
    _, description = open_folder(tmp_path, files, params={"n": 3, "names": ["a", "b"]})
    assert description.instances == (Instance("a", {"n": 6}), Instance("b", {"n": 6}))
    assert (description.probe, description.verify, description.draw) == (True, True, True)
    assert description.primitives is None


def test_evaluate_alone_is_enough_and_gets_the_parameters_as_one_instance(tmp_path: Path) -> None:
    _, description = open_folder(tmp_path, {"evaluate.py": "def evaluate(c, i): ..."}, params={"n": 3})
    assert description.instances == (Instance("default", {"n": 3}),)
    assert (description.probe, description.verify, description.draw) == (False, False, False)


def test_primitives_are_described_with_the_signature_of_the_entry(tmp_path: Path) -> None:
    files = {"evaluate.py": "def evaluate(c, i): ...", "primitives.py": PRIMITIVES}
    _, description = open_folder(tmp_path, files, entry="pack(n: int, scale: list[float]) -> Points")
    blocks = description.primitives
    assert blocks is not None
    assert (blocks.module, blocks.entry, blocks.returns) == ("primitives", "pack", "Points")
    assert blocks.arguments == {"n": "int", "scale": "list[float]"}
    assert [block.name for block in blocks.primitives] == ["random_points", "scale"]
    assert blocks["scale"].parameters[1] == Parameter("factor", "float", 0.1, 10.0, log=True)


def test_drawings_come_from_figures_and_from_svg(tmp_path: Path) -> None:
    evaluator, _ = open_folder(tmp_path, {"evaluate.py": WHOLE, "evolve_test_helper.py": "TWO = 2"})
    assert evaluator.draw("svg", Instance("a")) == {"svg": b"<svg/>"}
    pictures = evaluator.draw("figure", Instance("a"))
    assert b"<svg" in pictures["svg"]
    assert pictures["png"].startswith(b"\x89PNG")
    with pytest.raises(ProblemError, match="draw returned NoneType; return a matplotlib figure or a string of SVG"):
        evaluator.draw("nothing", Instance("a"))


def test_two_folders_of_one_name_do_not_mix(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    opened = []
    for parent, probe in (("x", "1"), ("y", "2")):
        source = f"def evaluate(c, i): ...\ndef probe(candidate): return {probe}"
        opened.append(open_folder(tmp_path / parent / "same", {"evaluate.py": source})[0])
    assert [evaluator.probe(None) for evaluator in opened] == [1, 2]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def evaluate(:", "evaluate.py:1: SyntaxError: invalid syntax"),
        ("import math\nimport no_such_module", "evaluate.py:2: ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit(3)", "evaluate.py:1: SystemExit: 3"),
        ("instances = lambda: 1 / 0", "instances() failed: evaluate.py:1 in <lambda>: ZeroDivisionError"),
        ("def instances(): return 3", "instances() returned int; return a list of evolve.Instance"),
        ("def instances(): return [3]", "instances() returned a list with int in it; return a list of evolve.Instance"),
        ("def instances(): return []", "instances() returned no instance; return at least one"),
        ("from evolve import Instance\ndef instances(): return [Instance('')]", "an instance has the empty id ''"),
        ("from evolve import Instance\ndef instances(): return [Instance('a')] * 2", "two instances have the id 'a'"),
        ("def instances(n): return []", "instances() needs the parameter 'n'"),
    ],
)
def test_a_mistake_in_evaluate_is_one_line_that_says_where(tmp_path: Path, source: str, said: str) -> None:
    assert said in mistake(tmp_path / "problem", {"evaluate.py": f"{source}\ndef evaluate(c, i): ...\n"})


def test_a_missing_evaluate_is_said(tmp_path: Path) -> None:
    assert mistake(tmp_path, {}).endswith("has no evaluate.py; write one with evaluate(candidate, instance)")
    said = mistake(tmp_path, {"evaluate.py": "evaluate = 3"})
    assert said.endswith("evaluate.py has no function evaluate(candidate, instance)")


def test_an_unknown_parameter_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    source = "def evaluate(c, i): ...\ndef instances(size=3): return []"
    said = mistake(tmp_path, {"evaluate.py": source}, params={"sise": 3})
    assert said == f"unknown parameter 'sise' of {tmp_path.name}/evaluate.py: instances(); did you mean 'size'?"
    source = "def evaluate(c, i): ...\ndef instances(): return []"
    assert mistake(tmp_path, {"evaluate.py": source}, params={"n": 3}).endswith("instances(); it takes none")


@pytest.mark.parametrize(
    ("primitives", "entry", "said"),
    [
        ("from evolve import primitive\n@primitive()\ndef f(x) -> int: ...", "f() -> int", "argument 'x' has no type"),
        ("from evolve import primitive\n@primitive()\ndef f(x: Oops) -> int: ...", "f() -> int", "'Oops'"),
        ("1 / 0", "f() -> int", "primitives.py:1: ZeroDivisionError: division by zero"),
        ("", "not a signature", "entry 'not a signature' is not a signature; write it like 'pack(n: int) -> Circles'"),
        ("", "", "is not a signature"),
        ("", "f(n) -> int", "entry 'f(n) -> int': argument 'n' has no type"),
        ("", "f(n: int)", "entry 'f(n: int)' has no result type"),
    ],
)
def test_a_mistake_in_primitives_or_entry_is_one_line(tmp_path: Path, primitives: str, entry: str, said: str) -> None:
    files = {"evaluate.py": "def evaluate(c, i): ...", "primitives.py": primitives}
    assert said in mistake(tmp_path / "problem", files, entry=entry)

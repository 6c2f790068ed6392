"""A plugin that misbehaves ends the run with one line that names it; what was found is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from evolve.errors import PluginError
from evolve.events import Committed, Event
from evolve.run import Run
from evolve.summary import summarise

WRONG = """

from evolve import Gate
from evolve.interfaces import MakeInstance as _Make, Retire as _Retire


@dataclass
class Wrong(Strategy):
    what: str = ""

    def decide(self, view, free, rng):
        if self.what == "raise":
            raise RuntimeError("oops")
        return {
            "none": None, "text": "go", "word": ["go"], "parent": [Propose((99,))],
            "stage": [Propose((0,), stages=("full",))],
            "trial": [Evaluate(7, ("left",))], "instance": [Evaluate(0, ("lift",))], "again": [_Make(Instance("left"))],
            "no instance": [_Make("left")], "retire": [_Retire("middle")], "finish": [Finish("done", 5)],
            "observe": [Propose((0,))], "propose": [Propose((0,))], "gate": [Propose((0,))],
        }[self.what]

    def observe(self, event, rng):
        if self.what == "observe" and isinstance(event, Committed) and event.trial.number > 0:
            raise ValueError("cannot learn")


@dataclass
class Raising(Mutator):
    async def propose(self, parents, context):
        return [1 / 0]


@dataclass
class Judging(Gate):
    async def judge(self, proposal, parents, context):
        raise KeyError("nowhere")


@hookimpl
def evolve_strategies():
    return {"scripted": Scripted, "probing": Probing, "wrong": Wrong}


@hookimpl
def evolve_gates():
    return {"judging": Judging}


@hookimpl
def evolve_mutators():
    return {"jiggle": Jiggle, "raising": Raising}
"""


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("raise", r"Wrong\.decide raised RuntimeError: oops \(plugin\.py:\d+\)"),
        ("none", r"Wrong\.decide returned None; return a list of actions such as \[Propose\(\(0,\)\)\]"),
        ("text", r"Wrong\.decide returned 'go'; return a list of actions"),
        ("word", r"Wrong\.decide wants str: 'go' is no action; there are Propose, Evaluate"),
        ("parent", r"Wrong\.decide wants Propose: there is no trial 99; there are trials 0 to 0"),
        ("stage", r"Wrong\.decide wants Propose: there is no stage 'full'; known are main"),
        ("trial", r"Wrong\.decide wants Evaluate: there is no trial 7"),
        ("instance", r"Wrong\.decide wants Evaluate: there is no instance 'lift'; did you mean 'left'\?"),
        ("again", r"Wrong\.decide wants MakeInstance: there is an instance 'left' already"),
        ("no instance", r"Wrong\.decide wants MakeInstance: 'left' is no Instance"),
        ("retire", r"Wrong\.decide wants Retire: there is no active instance 'middle'"),
        ("finish", r"Wrong\.decide wants Finish: there is no trial 5"),
        ("observe", r"Wrong\.observe raised ValueError: cannot learn \(plugin\.py:\d+\)"),
        ("propose", r"Raising\.propose raised ZeroDivisionError: division by zero \(plugin\.py:\d+\)"),
        ("gate", r"Judging\.judge raised KeyError: 'nowhere' \(plugin\.py:\d+\)"),
    ],
)
def test_what_it_did_is_one_line_and_what_was_found_is_kept(
    problem: Path, tmp_path: Path, what: str, line: str
) -> None:
    (problem / "plugin.py").write_text((problem / "plugin.py").read_text() + WRONG)
    overrides = [f"strategy={{use='wrong', what='{what}'}}", "archive=none"]
    overrides += ["mutator.use=raising"] if what == "propose" else []
    overrides += ["gates=['judging']"] if what == "gate" else []
    run = Run.create(str(problem), overrides=overrides, out=tmp_path / "run")
    shown: list[Event] = []
    with pytest.raises(PluginError, match=line) as caught:
        asyncio.run(run.execute([shown.append]))
    assert "\n" not in str(caught.value)
    best = summarise(tmp_path / "run").best
    assert best is not None
    assert best.trial == 0
    assert any(isinstance(event, Committed) for event in shown)
    assert Path(best.program).is_file()

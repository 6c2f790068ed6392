"""Rules over torch tensors do what they do in NumPy. Where torch is missing, only the line that says so is tested."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import numpy as np
import pytest
from evolve_problems.optimizer_search import language, torch_check
from evolve_problems.optimizer_search.torch_primitives import torch_functions

SEED = Path(__file__).with_name("seed.py")


def test_without_torch_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(sys, "argv", ["torch_check.py", str(SEED)])
    with pytest.raises(SystemExit, match=r"pip install 'evolve-engine\[torch\]'"):
        torch_check.main()


def test_every_primitive_has_the_same_values_over_tensors() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(4)
    functions = torch_functions()
    assert functions.keys() == language.LANGUAGE.functions.keys()
    for name, function in language.LANGUAGE.functions.items():
        arguments = [rng.normal(size=8) for _ in range(len(inspect.signature(function).parameters))]
        wanted = function(*arguments)
        found = functions[name](*(torch.tensor(a, dtype=torch.float64) for a in arguments))
        assert found.numpy() == pytest.approx(wanted, rel=1e-6), name


def test_a_rule_trains_a_conv_net_as_torch_does() -> None:
    pytest.importorskip("torch")
    task = torch_check.Digits("cpu")
    source = SEED.read_text(encoding="utf-8")
    loss, right = torch_check.train(task, lambda p: torch_check.found_step(source, "cpu", p), 0.003, "cpu")
    assert loss < 0.5
    assert right > 0.85

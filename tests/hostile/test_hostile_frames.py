"""The frame decoder against a kept corpus and a short fuzz; `benchmarks/fuzz_frames.py` does it a million times."""

from __future__ import annotations

import contextlib
import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve.sandbox.wire import WireError

FRAMES = sorted(Path(__file__).with_name("frames").glob("*.frame"))
FUZZER = Path(__file__).resolve().parents[2] / "benchmarks" / "fuzz_frames.py"


@pytest.fixture(scope="module")
def fuzzer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_frames", FUZZER)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["fuzz_frames"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_corpus_holds_values_and_refusals_only(fuzzer: ModuleType) -> None:
    verdicts = [fuzzer.judged(path.read_bytes()) for path in FRAMES]
    assert len(verdicts) > 80
    assert set(verdicts) == {"value", "refused"}
    assert verdicts.count("refused") > 50


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), kind=st.integers(0, 4))
def test_only_the_declared_error_comes_out_of_the_decoder(fuzzer: ModuleType, seed: int, kind: int) -> None:
    frame = fuzzer.KINDS[kind](random.Random(seed), [path.read_bytes() for path in FRAMES[:20]])
    with contextlib.suppress(WireError):
        fuzzer.receive(frame)


@given(data=st.binary(max_size=300))
def test_random_bytes_behind_a_true_prefix_are_refused_or_plain(fuzzer: ModuleType, data: bytes) -> None:
    assert fuzzer.judged(fuzzer.frame_of(data, b"")) in ("value", "refused")

"""The ladder of isolation and the tiers, tried on every rung that this machine has."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evolve.errors import CandidateError, EvolveError
from evolve.evaluation import Limits, Outcome
from evolve.instance import Instance
from evolve.interfaces import Candidate, Description, Evaluator, Job, Setup
from evolve.judge import Judge
from evolve.sandbox import commands, rungs, selftest
from evolve.sandbox.candidate import SandboxedCandidate
from evolve.sandbox.warm import WarmParent

LIMITS = {"wall_s": 20.0, "memory_mb": 512}


class Asking(Evaluator):
    """Hands on what the candidate answers."""

    def open(self, setup: Setup) -> Description:
        return Description((Instance("default"),))

    def evaluate(self, candidate: Candidate, instance: Instance) -> Outcome:
        return Outcome.ok(candidate.call("f"))


@pytest.fixture(params=[1, 2, 3])
def rung(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def started(rung: int, tier: str = "threads") -> WarmParent:
    """Start a zygote on a rung; skip where the machine has none of that kind."""
    parent = WarmParent((), highest_rung=rung, tier=tier)
    if parent.rung != rung:
        parent.close()
        pytest.skip(f"this machine has no rung {rung}: {'; '.join(parent.reasons)}")
    return parent


@pytest.fixture
def processes() -> Iterator[WarmParent]:
    parent = WarmParent((), tier="processes")
    if parent.rung > rungs.NAMESPACES:
        parent.close()
        pytest.skip(f"this machine has no namespaces: {'; '.join(parent.reasons)}")
    yield parent
    parent.close()


def ask(parent: WarmParent, source: str, *args: Any, **limits: Any) -> Any:
    with SandboxedCandidate(parent, {"p.py": source}, "p.py", Limits(**{**LIMITS, **limits})) as candidate:
        return candidate.call("f", *args)


def refused(parent: WarmParent, source: str, **limits: Any) -> str:
    with pytest.raises(CandidateError) as caught:
        ask(parent, source, **limits)
    return caught.value.detail


def test_every_probe_is_refused_on_every_rung(rung: int, tmp_path: Path) -> None:
    parent = started(rung)
    assert [probe for probe in selftest.probe_all(parent, str(tmp_path)) if not probe.held] == []
    parent.close()


def test_the_self_test_sees_what_the_weakest_rung_lets_through(tmp_path: Path) -> None:
    parent = WarmParent((), highest_rung=4)
    assert "read /etc/passwd or the problem's folder" in selftest.leaks(parent, str(tmp_path))
    parent.close()


def test_threads_run_in_their_tier_and_not_in_the_pure_one(rung: int) -> None:
    source = (
        "import threading\ndef f():\n"
        "    found = []\n    one = threading.Thread(target=found.append, args=(7,))\n"
        "    one.start()\n    one.join()\n    return found\n"
    )
    for tier in ("threads", "pure"):
        parent = started(rung, tier)
        if tier == "threads":
            assert ask(parent, source) == [7]
        else:
            assert refused(parent, source).startswith('refused: the tier "pure" allows no threads')
        parent.close()


def test_a_namespace_shows_one_process_and_no_home(rung: int) -> None:
    parent = started(rung)
    assert (ask(parent, "import os\ndef f():\n    return os.getpid()\n") == 1) == (rung <= rungs.NAMESPACES)
    assert "Error" in refused(parent, "import os\ndef f():\n    return os.listdir('/')\n")
    parent.close()


def test_scratch_is_of_limited_size_and_gone_with_its_candidate(processes: WarmParent) -> None:
    source = (
        "def f():\n    with open('file', 'xb') as file:\n        for _ in range(64):\n"
        "            file.write(bytes(1 << 17))\n            file.flush()\n    return 1\n"
    )
    assert ask(processes, source, scratch_mb=9) == 1
    assert ask(processes, source, scratch_mb=9) == 1
    assert refused(processes, source, scratch_mb=2).startswith("scratch full: limits.scratch_mb is 2\n")
    assert refused(processes, source).startswith('refused: the tier "processes" allows')


def test_processes_are_bounded_and_die_with_their_candidate(processes: WarmParent) -> None:
    source = (
        "import os, time\ndef f():\n    count = 0\n    try:\n        while True:\n"
        "            if os.fork() == 0:\n                os.setsid()\n                time.sleep(1000)\n"
        "            count += 1\n"
        "    except BlockingIOError:\n        return count\n"
    )
    if ask(processes, "import os\ndef f():\n    return os.getuid()\n") != 0:  # the kernel does not count root's
        assert 1 <= ask(processes, source, threads=9) <= 9


@pytest.mark.skipif(shutil.which("gcc", path=commands.PATH) is None, reason="there is no C compiler here")
def test_a_compiled_program_runs_in_the_tier_for_processes(processes: WarmParent) -> None:
    files = {"main.c": '#include <stdio.h>\nint main(){puts("7");return 0;}\n'}
    with SandboxedCandidate(processes, files, "main.c", Limits(**LIMITS, scratch_mb=16)) as candidate:
        spec = {"input": "", "answer": "", "most": 99}
        built = candidate.call(commands.REQUEST, {**spec, "command": ["gcc", "-o", "main", "main.c"]})
        assert (built["code"], built["said"]) == (0, b"")
        assert candidate.call(commands.REQUEST, {**spec, "command": ["./main"]})["answer"] == b"7\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_module\n", "import error: there are the standard library"),
        ("import subprocess\nsubprocess.run(['true'])\n", 'refused import: the tier "threads" allows no processes'),
        ("import socket\ndef f():\n    socket.socket()\n", 'refused: the tier "threads" allows no processes'),
    ],
)
def test_what_the_tier_forbids_is_said(source: str, said: str) -> None:
    parent = WarmParent(())
    assert refused(parent, source).startswith(said)
    parent.close()


def test_a_weak_machine_is_refused_in_one_line_unless_that_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "asking", __import__("sys").modules[__name__])
    weak = {"folder": str(tmp_path), "evaluator": "asking:Asking", "preload": (), "highest_rung": 4}
    with pytest.raises(
        EvolveError, match=r"on rung 4 only.*sandbox.required is 3: a kernel of.*--allow-weak"
    ) as caught:
        Judge(Setup(**weak))
    assert "\n" not in str(caught.value)
    with pytest.raises(EvolveError, match='tier "processes" needs isolation of rung 2'):
        Judge(Setup(**weak, tier="processes", required=4))
    with Judge(Setup(**weak, required=4)) as judge:
        done = judge.run(Job("evaluate", {"p.py": "def f():\n    return 1.0\n"}, "p.py"))
        assert done.outcome is not None
        assert (done.outcome.score, done.outcome.rung) == (1.0, 4)
        scratch = Job("evaluate", {"p.py": ""}, "p.py", limits=Limits(scratch_mb=1))
        assert "limits.scratch_mb needs isolation of rung 2" in judge.run(scratch).error


def test_another_system_is_told_to_use_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(EvolveError, match=r"Linux only.*macOS.*Dockerfile"):
        WarmParent(())

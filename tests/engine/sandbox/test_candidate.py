"""A candidate behind the border, seen from the trusted side."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evolve.errors import CandidateError, ProblemError
from evolve.evaluation import Limits
from evolve.sandbox import warm as warm_module
from evolve.sandbox.candidate import SandboxedCandidate
from evolve.sandbox.warm import WarmParent, WarmParentDied

PRIMITIVES = '''
"""Building blocks."""
from evolve.primitives import meter, primitive
from helper import FACTOR

@primitive(cost=2.0)
def double(x: float) -> float:
    """Twice as much."""
    return FACTOR * x
'''


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmParent]:
    folder = tmp_path_factory.mktemp("blocks")
    (folder / "primitives.py").write_text(PRIMITIVES)
    (folder / "helper.py").write_text("FACTOR = 2")
    parent = WarmParent(("numpy",), str(folder / "primitives.py"), (str(folder),))
    yield parent
    parent.close()


def candidate(warm: WarmParent, files: str | dict[str, str], **limits: Any) -> SandboxedCandidate:
    files = {"program.py": files} if isinstance(files, str) else files
    main = "program.py" if "program.py" in files else next(iter(files))
    return SandboxedCandidate(warm, files, main, Limits(**{"wall_s": 20.0, **limits}))


def failure(handle: SandboxedCandidate, *call: Any) -> tuple[str, str]:
    with handle, pytest.raises(CandidateError) as caught:
        handle.call(*call)
    return str(caught.value.status), caught.value.detail


def test_arguments_and_answers_cross_as_plain_data(warm: WarmParent) -> None:
    source = "def f(a, b, *, c):\n    a[0] = b['x']\n    return {'a': a, 'c': (c, None)}\n"
    with candidate(warm, source) as program:
        answer = program.call("f", np.zeros(3), {"x": 5}, c="text")
    assert answer["a"].tolist() == [5.0, 0.0, 0.0]
    assert answer["c"] == ["text", None]


def test_one_process_answers_all_calls_of_a_candidate_and_only_its_own(warm: WarmParent) -> None:
    source = "import math\ncount = 0\ndef f():\n    global count\n    count += 1\n    math.pi = 3\n    return count\n"
    with candidate(warm, source) as program:
        assert [program.call("f"), program.call("f")] == [1, 2]
    with candidate(warm, "import math\ndef f():\n    return math.pi\n") as program:
        assert program.call("f") > 3.1


def test_a_program_that_nobody_calls_does_not_run(warm: WarmParent) -> None:
    with candidate(warm, "while True: pass") as program:
        pass
    assert program.cost.cpu_s == 0.0


def test_a_program_of_many_files_imports_itself_from_memory(warm: WarmParent) -> None:
    files = {
        "lib/__init__.py": "from .deep.inner import value\n",
        "lib/deep/inner.py": "from ..other import one\nvalue = one + 1\n",
        "lib/other.py": "one = 1\n",
        "space/part.py": "three = 3\n",
        "data/numbers.txt": "4",
        "program.py": "import os, pkgutil, lib, space.part\n"
        "def f():\n    four = pkgutil.get_data('program', 'data/numbers.txt')\n"
        "    return [lib.value, space.part.three, four, __file__]\n",
    }
    with candidate(warm, files) as program:
        assert program.call("f") == [2, 3, b"4", "program.py"]


def test_the_main_file_may_have_any_name(warm: WarmParent) -> None:
    with candidate(warm, {"src/solver.py": "def f():\n    return __name__\n"}) as program:
        assert program.call("f") == "src.solver"
    status, detail = failure(candidate(warm, {"prompt.txt": "hello"}), "f")
    assert (status, "prompt.txt is not a Python file" in detail) == ("error", True)


def test_an_error_shows_the_programs_own_lines_and_no_others(warm: WarmParent) -> None:
    source = "import json\ndef f(x):\n    return g(x)\ndef g(x):\n    return json.loads(x)\n"
    status, detail = failure(candidate(warm, source), "f", "{")
    assert status == "error"
    assert detail.splitlines()[:2] == [
        "  program.py:3 in f: return g(x)",
        "  program.py:5 in g: return json.loads(x)",
    ]
    assert detail.splitlines()[2].startswith("json.decoder.JSONDecodeError: Expecting property name")
    assert len(detail.splitlines()) == 3


def test_a_long_traceback_is_cut_in_the_middle(warm: WarmParent) -> None:
    _, detail = failure(candidate(warm, "def f():\n    return f()\n"), "f")
    assert "more frames" in detail
    assert len(detail.splitlines()) == 10


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(:\n", "SyntaxError"),
        ("import no_such_module\n", "program.py:1: import no_such_module\nModuleNotFoundError"),
        ("def g():\n    pass\n", "program.py has no function f()"),
        ("f = 3\n", "program.py has no function f()"),
        ("def f(x):\n    pass\n", "TypeError: f() missing 1 required positional argument: 'x'"),
        ("def f():\n    return {1}\n", "f() answered what is not data: a set is not plain data; allowed are None"),
    ],
)
def test_what_is_wrong_with_a_program_is_said(warm: WarmParent, source: str, said: str) -> None:
    status, detail = failure(candidate(warm, source), "f")
    assert status == "error"
    assert said in detail


def test_the_wall_limit_is_for_all_calls_together(warm: WarmParent) -> None:
    with candidate(warm, "import time\nf = time.sleep\n", wall_s=0.6) as program:
        program.call("f", 0.4)
        with pytest.raises(CandidateError, match=r"longer than 0\.6 s"):
            program.call("f", 0.4)
        with pytest.raises(CandidateError, match=r"longer than 0\.6 s"):
            program.call("f", 0.0)
    assert 0.6 <= program.cost.wall_s < 5.0


def test_a_program_that_stops_listening_runs_out_of_time(warm: WarmParent) -> None:
    source = (
        "import os\nfrom evolve.sandbox.wire import encode\n"
        "def f():\n    os.write(3, b''.join(encode(['value', 1, 0.0])))\n    while True: pass\n"
    )
    with candidate(warm, source, wall_s=0.6) as program:
        assert program.call("f") == 1
        with pytest.raises(CandidateError, match="longer than"):
            program.call("f", np.zeros(1 << 20))


def test_the_cpu_limit_holds_when_there_is_wall_time_left(warm: WarmParent) -> None:
    status, detail = failure(candidate(warm, "def f():\n    while True: pass\n", cpu_s=0.9), "f")
    assert status == "timeout"
    assert re.fullmatch(r"it used [\d.]+ s of CPU time, the limit is 0\.9 s", detail)


def test_a_program_may_go_on_after_an_error_and_after_it_was_refused_memory(warm: WarmParent) -> None:
    source = "def f(n):\n    return len(bytes(n))\n"
    with candidate(warm, source, memory_mb=64) as program:
        with pytest.raises(CandidateError, match="more memory") as caught:
            program.call("f", 1 << 30)
        assert str(caught.value.status) == "memory"
        assert program.call("f", 3) == 3


def test_what_it_used_and_printed_is_known_after_the_end(warm: WarmParent) -> None:
    source = (
        "import sys\ndef f():\n    print('ä' * 3000)\n    print('end', file=sys.stderr)\n    return sum(range(10**6))\n"
    )
    with candidate(warm, source, output_kb=1) as program:
        program.call("f")
    assert program.output == "ä" * 512
    assert 0.0 < program.cost.cpu_s < 20.0
    assert program.cost.memory_bytes > 1 << 20


def test_fuel_ends_a_call_with_the_best_value_shown(warm: WarmParent) -> None:
    source = (
        "from primitives import double\nfrom evolve import meter\n"
        "def f():\n    x = 1.0\n    while True:\n        x = double(x)\n        meter.show(x, x)\n"
    )
    with candidate(warm, source, fuel=7.0) as program:
        assert program.call("f") == 8.0
        assert program.call("f") == 64.0  # the first three calls are remembered, at a twentieth of the price
    assert program.cost.fuel == 14.0


def test_fuel_that_ends_before_anything_was_shown_is_an_error(warm: WarmParent) -> None:
    status, detail = failure(
        candidate(warm, "import primitives\ndef f():\n    primitives.double(1.0)\n", fuel=1.0), "f"
    )
    assert status == "error"
    assert "ran out of fuel before it showed anything" in detail


def test_every_candidate_draws_the_same_random_numbers_from_every_source(warm: WarmParent) -> None:
    source = (
        "import os, random, secrets, uuid\nimport numpy as np\n"
        "def f():\n"
        "    numbers = [random.random(), np.random.rand(), np.random.default_rng().random()]\n"
        "    texts = [os.urandom(4), secrets.token_hex(4), str(uuid.uuid4())]\n"
        "    return [*numbers, *texts, random.SystemRandom().random()]\n"
    )
    drawn = []
    for parent in (warm, warm, other := WarmParent(("numpy",))):
        with candidate(parent, source) as program:
            drawn.append([program.call("f"), program.call("f")])
    other.close()
    assert drawn[0] == drawn[1] == drawn[2]
    assert drawn[0][0] != drawn[0][1]


def test_a_problems_folder_stays_hidden_inside_a_readable_one() -> None:
    secret = Path(json.__file__).parent
    parent = WarmParent((), hidden=(str(secret),))
    source = "def f(path):\n    return len(open(path).read())\n"
    if parent.rung < 4:
        with candidate(parent, source) as program:
            assert program.call("f", os.__file__) > 0
            with pytest.raises(CandidateError, match=r"PermissionError|FileNotFoundError"):
                program.call("f", str(secret / "decoder.py"))
    parent.close()


def test_the_problems_folder_is_not_on_the_candidates_path(warm: WarmParent) -> None:
    status, detail = failure(candidate(warm, "import secret_answers\ndef f():\n    pass\n"), "f")
    assert (status, "ModuleNotFoundError" in detail) == ("error", True)


def test_a_module_to_preload_that_does_not_import_is_the_problems_mistake(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="No module named 'no_such_module'"):
        WarmParent(("no_such_module",))
    (tmp_path / "primitives.py").write_text("x = 1\ny = 1 / 0\n")
    with pytest.raises(ProblemError, match=r"primitives\.py:2: y = 1 / 0"):
        WarmParent((), str(tmp_path / "primitives.py"))


@pytest.mark.parametrize("rung", [1, 2, 3, 4])
def test_a_zygote_that_dies_takes_its_candidate_along_and_says_so(rung: int) -> None:
    parent = WarmParent((), highest_rung=rung)
    program = candidate(parent, "import time\ndef f(x):\n    time.sleep(x)\n    return 1\n")
    program.call("f", 0.0)
    below = descendants(parent._process.pid)
    assert len(below) >= 1
    os.kill(parent._process.pid, signal.SIGKILL)
    with pytest.raises(WarmParentDied):
        program.call("f", 100.0)
    parent.close()
    assert [pid for pid in below if not ends(pid)] == []
    with pytest.raises(WarmParentDied):
        candidate(parent, "f = int").call("f")


def test_without_fences_the_whole_tree_of_a_candidate_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = (
        "from evolve.sandbox import layers; layers.zygote_layers = lambda rung: (); "
        "kept = layers.child_layers(4)[:-1]; "
        "layers.resource_limits.__code__ = (lambda cage: None).__code__; layers.child_layers = lambda rung: kept; "
    )
    before, last = warm_module._BOOT.rsplit("from", 1)
    monkeypatch.setattr(warm_module, "_BOOT", f"{before}{bare}from{last}")
    parent = WarmParent((), highest_rung=4)
    source = (
        "import os, time\n"
        "def f():\n"
        "    made = []\n"
        "    for number in range(6):\n"
        "        ours, theirs = os.pipe()\n"
        "        if os.fork() == 0:\n"
        "            if number % 2: os.setsid()\n"
        "            pid = os.fork()\n"
        "            if number % 3 and pid: os._exit(0)\n"
        "            os.write(theirs, b'%d ' % os.getpid())\n"
        "            time.sleep(1000)\n"
        "        time.sleep(0.02)\n"
        "        made += [int(pid) for pid in os.read(ours, 100).split()]\n"
        "    return made\n"
    )
    with candidate(parent, source) as program:
        made = program.call("f")
        alive = [pid for pid in made if Path(f"/proc/{pid}").exists()]
    assert len(alive) >= 6
    assert not [pid for pid in alive if Path(f"/proc/{pid}").exists()]
    parent.close()


def descendants(pid: int) -> list[int]:
    """Return the process ids of everything below a process."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *descendants(child)]
    return found


def ends(pid: int) -> bool:
    """Wait a while until a process that nobody here can wait for has run its last."""
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_a_candidate_has_no_descriptor_of_an_engine_that_has_hundreds_open() -> None:
    source = (
        "import os\ndef f():\n    found = []\n    for number in range(4096):\n        try:\n"
        "            os.fstat(number)\n        except OSError:\n            continue\n"
        "        found.append(number)\n    return found\n"
    )
    crowd = [os.open(os.devnull, os.O_RDONLY) for _ in range(400)]
    parent = WarmParent(())  # its control channel has a number above the candidate's own limit of descriptors
    try:
        with candidate(parent, source) as program:
            assert program.call("f") == [0, 1, 2, 3]
    finally:
        parent.close()
        for number in crowd:
            os.close(number)

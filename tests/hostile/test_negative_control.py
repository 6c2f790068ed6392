"""The hostile programs have teeth: behind a weak sandbox (limits, a session, closed descriptors) they do harm.

That is what `subprocess` with `resource` gives. Each test shows one attack succeed that the real border stops. All of
it stays harmless: temporary folders, a bounded number of forks, and nobody is killed but processes of the test.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).with_name("programs")
WEAK = """
import os, resource, signal, sys, traceback

def cage():
    os.setsid()
    os.closerange(3, 256)
    resource.setrlimit(resource.RLIMIT_CPU, (5, 6))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

program, folder = sys.argv[1], sys.argv[2]
child = os.fork()
if child == 0:
    cage()
    try:
        source = open(program).read()
        names = {"__name__": "program"}
        exec(compile(source, program, "exec"), names)
        print("value", names["solve"](*([folder] if "def solve(folder)" in source else [])), flush=True)
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
os.killpg(child, signal.SIGKILL) if os.path.exists(f"/proc/{child}") else None
"""
FORKS = 60
BOUNDED_FORK_BOMB = f"""
import os, signal, time

def solve():
    children = []
    try:
        for _ in range({FORKS}):
            child = os.fork()
            if child == 0:
                time.sleep(20)
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return len(children)
"""


@dataclass
class Harm:
    """What a program did behind the weak sandbox."""

    said: str
    code: int
    left: list[int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "answers.txt").write_text("canary")
    (tmp_path / "evaluate.py").write_text("")
    return tmp_path


def unleash(program: str | Path, folder: Path) -> Harm:
    """Run a program in the weak sandbox; find, then kill, what it left running."""
    mark = uuid.uuid4().hex
    command = [sys.executable, "-c", WEAK, str(program), str(folder), mark]
    environment = {**os.environ, "EVOLVE_TEST_KEY": "canary"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder, env=environment, text=True) as host:
        assert host.stdout is not None
        try:
            said = "" if Path(program).stem == "daemon" else host.stdout.read()
            host.wait(30)
            left = marked(mark)
        finally:
            for pid in marked(mark):
                os.kill(pid, signal.SIGKILL)
    return Harm(said, host.returncode, left)


def marked(mark: str) -> list[int]:
    """Return the processes that were started with a mark among their arguments."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_a_weak_sandbox_lets_answers_be_read(folder: Path) -> None:
    assert "ValueError: canary" in unleash(PROGRAMS / "read_the_answers.py", folder).said


def test_a_weak_sandbox_lets_the_judge_be_rewritten(folder: Path) -> None:
    assert "value 2.0" in unleash(PROGRAMS / "rewrite_the_judge.py", folder).said
    assert (folder / "evaluate.py").read_text() == "\n"


def test_a_weak_sandbox_shows_the_keys_of_the_environment(folder: Path) -> None:
    assert "AssertionError" in unleash(PROGRAMS / "read_the_environment.py", folder).said


def test_a_weak_sandbox_lets_its_parent_be_killed(folder: Path) -> None:
    assert unleash(PROGRAMS / "kill_the_parent.py", folder).code == -signal.SIGKILL


def test_a_weak_sandbox_leaves_a_daemon_behind(folder: Path) -> None:
    assert unleash(PROGRAMS / "daemon.py", folder).left


def test_a_weak_sandbox_opens_sockets(folder: Path) -> None:
    assert "a socket opened" in unleash(PROGRAMS / "open_sockets.py", folder).said


def test_a_weak_sandbox_starts_a_shell(folder: Path) -> None:
    harm = unleash(PROGRAMS / "start_a_shell.py", folder)
    assert harm.said == ""  # no error: the shell ran in its place
    assert harm.code == 0


def test_a_weak_sandbox_shows_the_processes_of_others(folder: Path) -> None:
    assert "environ" in unleash(PROGRAMS / "tricks_with_proc.py", folder).said


def test_a_weak_sandbox_shows_the_folders_of_others(folder: Path) -> None:
    assert "answers.txt" in unleash(PROGRAMS / "read_what_others_keep.py", folder).said


def test_a_weak_sandbox_does_not_stop_forks(folder: Path) -> None:
    bomb = folder / "bomb.py"
    bomb.write_text(BOUNDED_FORK_BOMB)
    assert f"value {FORKS}" in unleash(bomb, folder).said


def test_a_weak_sandbox_takes_a_word_for_a_score(folder: Path) -> None:
    liar = folder / "liar.py"
    liar.write_text("def solve():\n    print('value 1e9', flush=True)\n    import os\n    os._exit(0)\n")
    assert unleash(liar, folder).said == "value 1e9\n"

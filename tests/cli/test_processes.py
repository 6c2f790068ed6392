"""The command as a process of its own: signals, a terminal, a full disk."""

from __future__ import annotations

import os
import pty
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from evolve.cli import cli

EVOLVE = (sys.executable, "-m", "evolve")


@pytest.fixture
def spots(tmp_path: Path) -> Path:
    assert CliRunner().invoke(cli, ["new", "problem", str(tmp_path / "spots")]).exit_code == 0
    return tmp_path / "spots"


def finish(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run((*EVOLVE, *arguments), capture_output=True, text=True, timeout=100, check=False, **settings)  # type: ignore[call-overload,no-any-return]


def test_the_module_can_be_run_and_tells_its_version() -> None:
    assert finish("--version").stdout.startswith("evolve ")


def test_ctrl_c_stops_cleanly_says_how_to_go_on_and_loses_nothing(spots: Path) -> None:
    out = str(spots.parent / "run")
    command = (*EVOLVE, str(spots), "--budget", "90s", "--workers", "1", "--out", out)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "trial 0" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "press Ctrl-C again to stop at once" in errors
    assert "interrupted by Ctrl-C" in rest
    assert f"evolve resume {out}" in rest
    before = int(rest.partition("search")[2].split()[0])
    gone_on = finish("resume", out, "--budget", f"{before + 3}trials", "--quiet")
    assert gone_on.returncode == 0, gone_on.stderr
    assert f"{before + 3} trials" in gone_on.stdout
    assert finish("replay", out).returncode == 0


def test_a_second_ctrl_c_stops_at_once(spots: Path) -> None:
    (spots / "seed.py").write_text("import time\ndef spread(n):\n    time.sleep(60)\n")
    command = (*EVOLVE, str(spots), "--set", "limits.wall_s=80", "--workers", "1", "--out", str(spots.parent / "run"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert "Ctrl-C again" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=40)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_a_run_whose_output_nobody_reads_any_more_ends_quietly(spots: Path) -> None:
    out = str(spots.parent / "run")
    command = (*EVOLVE, str(spots), "--budget", "90s", "--workers", "1", "--out", out)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(timeout=60)
    assert "Traceback" not in errors
    assert "nobody reads" in finish("show", out).stdout


def test_on_a_terminal_there_is_a_panel_and_the_summary_stays(spots: Path) -> None:
    ours, theirs = pty.openpty()
    command = (*EVOLVE, str(spots), "--budget", "5trials", "--workers", "1", "--out", str(spots.parent / "run"))
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the terminal is closed
                break
    os.close(ours)
    assert process.returncode == 0, shown.decode()
    assert b"gains" in shown
    assert b"\x1b[" in shown
    assert b"finished: budget spent: 5 trials" in shown


def test_a_full_disk_ends_in_one_line_and_what_was_shown_is_kept(spots: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))

    out = str(spots.parent / "run")
    full = finish(str(spots), "--budget", "3000trials", "--workers", "1", "--out", out, preexec_fn=small_files)
    assert full.returncode == 2, full.stdout + full.stderr
    assert "Traceback" not in full.stderr
    assert [line for line in full.stderr.splitlines() if line.startswith("error: ")], full.stderr
    last = max(int(line.split()[3]) for line in full.stdout.splitlines() if " trial " in line)
    shown = finish("show", out, "--trials")
    assert shown.returncode == 0, shown.stderr
    assert any(line.split()[:1] == [str(last)] for line in shown.stdout.splitlines())

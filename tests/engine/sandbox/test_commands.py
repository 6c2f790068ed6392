"""Running one command for a program in another language: what goes in, and what comes back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from evolve.sandbox import commands

SH = "/bin/sh"


def run(
    folder: Path, script: str, files: dict[str, str] | None = None, answer: str = "", room: int = 1 << 20
) -> dict[str, Any]:
    spec = {"command": [SH, "-c", script], "input": '{"n": 1}', "answer": answer}
    return commands.run(files or {}, spec, room, folder)


def test_the_request_is_on_standard_input_and_in_a_file(tmp_path: Path) -> None:
    ended = run(tmp_path, "cat; cat request.json")
    assert ended == {"code": 0, "answer": b'{"n": 1}{"n": 1}', "bytes": 16, "said": b"", "full": False}


def test_the_programs_files_are_there_and_what_one_command_leaves_the_next_one_finds(tmp_path: Path) -> None:
    files = {"lib/a.txt": "text", "b.txt": "more"}
    assert run(tmp_path, "cp lib/a.txt built", files)["code"] == 0
    assert run(tmp_path, "cat built b.txt", files)["answer"] == b"textmore"


def test_an_answer_may_lie_in_a_file_and_an_old_one_does_not_count(tmp_path: Path) -> None:
    ended = run(tmp_path, "echo talk; echo woe >&2; echo 5 > out.json", answer="out.json")
    assert ended == {"code": 0, "answer": b"5\n", "bytes": 2, "said": b"talk\nwoe\n", "full": False}
    assert run(tmp_path, "true", answer="out.json")["answer"] is None


def test_a_long_answer_is_cut_and_its_size_told(tmp_path: Path) -> None:
    ended = run(tmp_path, "yes | head -c 200000", room=100_000)
    assert ended["bytes"] == 200_000
    assert 0 < len(ended["answer"]) < 100_000


def test_exit_codes_signals_and_the_end_of_the_errors_come_back(tmp_path: Path) -> None:
    ended = run(tmp_path, "echo no >&2; echo 1; exit 7")
    assert ended == {"code": 7, "answer": None, "bytes": 0, "said": b"no\n", "full": False}
    assert run(tmp_path, "kill -SEGV $$")["code"] == -11
    flood = f"{sys.executable} -c \"import sys; sys.stderr.write('a' * 99999 + 'end')\""
    said = run(tmp_path, flood)["said"]
    assert len(said) == 16_384
    assert said.endswith(b"aend")


def test_a_command_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    spec = {"command": ["./gone", "x"], "input": "", "answer": ""}
    assert commands.run({}, spec, 100, tmp_path) == {"missing": "./gone: No such file or directory"}


def test_the_environment_holds_a_path_and_the_folder_and_nothing_of_the_engine(tmp_path: Path) -> None:
    names = run(tmp_path, "env")["answer"].decode().split("\n")
    given = dict(line.split("=", 1) for line in names if "=" in line)
    assert {key for key in given if key not in ("PWD", "SHLVL", "_")} == {"PATH", "HOME", "TMPDIR", "LANG"}
    assert json.dumps(given["HOME"]) == json.dumps(str(tmp_path.resolve()))

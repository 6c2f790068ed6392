"""Run one command for a program in another language. This runs on the candidate's side, in its scratch folder.

The trusted side asks for it by calling a "function" whose name no program can have. What comes back is plain data;
its reader assumes nothing of it, since a program may tamper with the process that reports on it.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["PATH", "REQUEST", "run"]

REQUEST = "run a command"
"""The name to call: no identifier, so it is never a program's own function."""

PATH = "/usr/local/bin:/usr/bin:/bin"
"""Where commands are looked up."""

_MOST_SAID = 16_384
_ROUNDING_S = 0.5


def run(files: Mapping[str, str], spec: Mapping[str, Any], room: int, folder: str | Path = ".") -> dict[str, Any]:
    """Write the program's files where they are missing, run one command, and wait for its end.

    Args:
        files: the program's texts by path.
        spec: `command` (list of words), `input` (text for its standard input and for `request.json`) and `answer` (file
            to read when it has ended, or "" for its standard output).
        room: bytes that may be sent back.
        folder: where to run it; it must be writable.

    Returns:
        `code` (exit status, negative for a signal), `answer` (bytes, or None when there is no such file), `bytes`
        (its whole size), `said` (the end of standard error, and of standard output when that is no answer) and `full`
        (no room is left in the folder);
        or `missing` (one line) when the command cannot be started, or `unwritable` when there is no scratch folder.
    """
    import subprocess  # most candidates never need it

    home = Path(folder).resolve()
    if not os.access(home, os.W_OK):
        return {"unwritable": True}
    _unpack(files, home)
    wanted = home / (spec["answer"] or ".answer")
    wanted.unlink(missing_ok=True)
    (home / "request.json").write_text(spec["input"], encoding="utf-8")
    environment = {"PATH": PATH, "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8"}
    with (
        open(home / "request.json", "rb") as given,
        open(home / ".answer", "w+b") as printed,
        open(home / ".errors", "w+b") as errors,
    ):
        try:
            process = subprocess.Popen(
                spec["command"], cwd=home, env=environment, stdin=given, stdout=printed, stderr=errors
            )
        except OSError as error:
            return {"missing": f"{spec['command'][0]}: {os.strerror(error.errno or 0)}"}
        code = process.returncode = _wait(process.pid)
        said = _end(printed) + _end(errors) if spec["answer"] else _end(errors)
    ended = {"code": code, "answer": None, "bytes": 0, "said": said, "full": os.statvfs(home).f_bavail == 0}
    if code == 0:
        with contextlib.suppress(OSError), open(wanted, "rb") as file:
            most = max(0, room - 3 * _MOST_SAID)
            ended |= {"answer": file.read(most), "bytes": os.fstat(file.fileno()).st_size}
    return ended


def _wait(pid: int) -> int:
    """Wait for a command and return its exit status; the kernel's limit of CPU time counts as SIGXCPU."""
    _, status, usage = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    most = resource.getrlimit(resource.RLIMIT_CPU)[0]
    overran = most != resource.RLIM_INFINITY and usage.ru_utime + usage.ru_stime > most - _ROUNDING_S
    return -signal.SIGXCPU if code == -signal.SIGKILL and overran else code


def _unpack(files: Mapping[str, str], home: Path) -> None:
    for path, text in files.items():
        place = home / path
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")


def _end(file: Any) -> bytes:
    """Return the last bytes of an open file."""
    file.seek(max(0, os.fstat(file.fileno()).st_size - _MOST_SAID))
    found: bytes = file.read(_MOST_SAID)
    return found

"""Run one command for a program in another language. This runs on the candidate's side, in its scratch folder.

The trusted side asks for it by calling a "function" whose name no program can have. What comes back is plain data;
its reader assumes nothing of it, since a program may tamper with the process that reports on it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["PATH", "REQUEST", "run"]

REQUEST = "run a command"
"""The name to call: no identifier, so it is never a program's own function."""

PATH = "/usr/local/bin:/usr/bin:/bin"
"""Where commands are looked up."""

_MOST_SAID = 16_384


def run(files: Mapping[str, str], spec: Mapping[str, Any], folder: str | Path = ".") -> dict[str, Any]:
    """Write the program's files where they are missing, run one command, and wait for its end.

    Args:
        files: the program's texts by path.
        spec: `command` (list of words), `input` (text for its standard input and for `request.json`), `answer` (file
            to read when it has ended, or "" for its standard output) and `most` (bytes of an answer that are read).
        folder: where to run it; it must be writable.

    Returns:
        `code` (exit status, negative for a signal), `answer` (bytes, or None when there is no such file), `bytes`
        (its whole size) and `said` (the end of standard error, and of standard output when that is no answer);
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
            code = subprocess.Popen(
                spec["command"], cwd=home, env=environment, stdin=given, stdout=printed, stderr=errors
            ).wait()
        except OSError as error:
            return {"missing": f"{spec['command'][0]}: {os.strerror(error.errno or 0)}"}
        said = _end(printed) + _end(errors) if spec["answer"] else _end(errors)
    try:
        with open(wanted, "rb") as file:
            return {
                "code": code,
                "answer": file.read(spec["most"]),
                "bytes": os.fstat(file.fileno()).st_size,
                "said": said,
            }
    except OSError:
        return {"code": code, "answer": None, "bytes": 0, "said": said}


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

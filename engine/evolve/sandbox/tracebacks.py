"""Errors of a program, told with its own lines only and in bounded length."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Container

__all__ = ["describe_error"]

_MOST_FRAMES = 8
_MOST_CHARACTERS = 1500


def describe_error(error: BaseException, files: Container[str]) -> str:
    """Return a traceback that shows only the frames of some files.

    Args:
        error: what was raised.
        files: the file names whose frames are shown.

    Returns:
        Lines such as `program.py:3 in f: x = 1 / 0`, then the error itself; at most about 3000 characters.
    """
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename in files:
            frames.append((code.co_filename, trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    left_out = len(frames) - _MOST_FRAMES
    if left_out > 0:
        frames = frames[:2] + frames[left_out + 2 :]
    lines = [_frame_line(*frame) for frame in frames]
    if left_out > 0:
        lines.insert(2, f"  ... {left_out} more frames ...")
    said = "".join(traceback.format_exception_only(type(error), error)).rstrip()
    if len(said) > _MOST_CHARACTERS:
        said = said[:_MOST_CHARACTERS] + " ..."
    return "\n".join([*lines, said])


def _frame_line(file: str, line: int, function: str) -> str:
    text = linecache.getline(file, line).strip()[:200]
    place = f"  {file}:{line}" + ("" if function == "<module>" else f" in {function}")
    return f"{place}: {text}" if text else place

"""What an error means to the author of a program: a first line that says it, where the error alone does not."""

from __future__ import annotations

import errno

__all__ = ["explain_error"]

_FORBIDS = {
    "pure": "no threads, no processes, no network, no files but libraries",
    "threads": "no processes, no network, no files but libraries",
    "processes": "no network, no files but tools, libraries and the scratch folder",
}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (errno.EPERM, errno.EACCES, errno.EROFS)


def explain_error(error: BaseException, tier: str, scratch_mb: int, *, importing: bool) -> str:
    """Return the line to put before an error, with its line break, or "".

    Args:
        error: what the program raised.
        tier: what it may start: "pure", "threads" or "processes".
        scratch_mb: size of its scratch folder, MiB.
        importing: it was raised while the program was imported.
    """
    code = error.errno if isinstance(error, OSError) else None
    if code in _FULL and scratch_mb:
        return f"scratch full: limits.scratch_mb is {scratch_mb}\n"
    no_thread = isinstance(error, RuntimeError) and "start new thread" in str(error)
    if code in _REFUSED or no_thread or (code == errno.EAGAIN and isinstance(error, BlockingIOError)):
        what = "refused import" if importing else "refused"
        return f'{what}: the tier "{tier}" allows {_FORBIDS[tier]}; threads and processes are limited\n'
    if importing and isinstance(error, ImportError):
        return "import error: there are the standard library, what the problem preloads, and the program's own files\n"
    return ""

"""The warm parent of all candidates: imports the problem's modules once, then forks one child per candidate.

It runs in a process of its own (`python -m` of this module, see `warm`) with an empty environment. Orders arrive over
a sequenced-packet socket, one candidate at a time; the candidate's descriptors travel with the order. The zygote
never reads what a candidate writes. Every process that it has left, apart from itself, is the candidate's: when the
candidate ends, or is to end, all of them are killed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from evolve.sandbox import child, layers, linux, rungs, wire
from evolve.sandbox.tracebacks import describe_error
from evolve.sandbox.usage import usage_of_others

__all__ = ["Nursery", "load_primitives", "main"]

_LATE_PARTS = {"numpy": ("numpy.random",)}
"""What a module imports by itself only when it is used, at a price that each candidate would pay again."""

_REHEARSALS = 20
_POOL_BYTES, _LARGEST_SMALL_OBJECT, _ALIGNMENT = 1 << 14, 512, 16  # of CPython's allocator for small objects
_BYTES_HEADER, _SMALLEST_BYTES = 33, 48
_MOST_HOLES = 50_000
_REHEARSAL = """
import math
def rehearse(x):
    return {"list": [1.5, None, True], "text": "text", "value": x, "root": math.sqrt(2.0)}
def fail():
    return 1 / 0
"""


def main() -> None:
    """Warm up, report, then fork candidates until the other side hangs up.

    The arguments of the process: descriptor of the control socket, process id of the parent, and a JSON object with
    `preload` (names of modules), `primitives` (path of the problem's building blocks, or ""), `hidden` (folders),
    `tier` and `highest_rung`.
    """
    control = socket.socket(fileno=int(sys.argv[1]))
    parent = int(sys.argv[2])
    linux.die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = json.loads(sys.argv[3])
    rung, reasons = rungs.find(settings["highest_rung"], settings["tier"], settings["hidden"])
    user = rungs.begin(rung, parent)
    linux.become_subreaper()
    error = _preload(settings["preload"], settings["primitives"])
    if error:
        _send(control, {"error": error})
        return
    _rehearse()
    nursery = Nursery(control)
    nursery.fence = rungs.close_in(rung, settings["tier"], settings["hidden"], user)
    child.prepare()
    gc.collect()
    gc.freeze()
    nursery.filler = _fill_gaps()
    _send(control, {"rung": rung, "reasons": reasons, "fences": nursery.fence.held})
    with contextlib.suppress(BrokenPipeError):  # the engine has gone, in the middle of a candidate
        while nursery.serve():
            pass


def _preload(names: Sequence[str], primitives: str) -> str:
    try:
        for name in names:
            importlib.import_module(name)
            for part in _LATE_PARTS.get(name, ()):
                importlib.import_module(part)
        if primitives:
            load_primitives(primitives)
    except BaseException as error:  # noqa: BLE001  # border: a module that does not import is the problem author's
        return describe_error(error, {primitives})
    return ""


def load_primitives(path: str) -> Any:
    """Import a problem's building blocks as the module `primitives`.

    Args:
        path: of `primitives.py`; its folder is importable while it loads.
    """
    folder = os.path.dirname(path)
    sys.path.insert(0, folder)
    try:
        spec = importlib.util.spec_from_file_location("primitives", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["primitives"] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


def _rehearse() -> None:
    """Run a small program here, as a candidate would be, so that children find every code path and cache warm.

    The interpreter rewrites code that runs often; what it has not rewritten here, each child would rewrite on its own
    copy of the page.
    """
    numpy = sys.modules.get("numpy")
    value: Any = [1.0] * 9 if numpy is None else numpy.zeros((3, 3))
    program = {"files": {"rehearsal.py": _REHEARSAL}, "main": "rehearsal.py", "fuel": None, "body": 1 << 20}
    for function, args in [("rehearse", [value]), ("fail", [])] * _REHEARSALS:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            call = {"function": function, "args": args, "kwargs": {}, "program": program}
            ours.sendall(b"".join(wire.encode(call)))
            ours.shutdown(socket.SHUT_WR)
            child.serve(theirs, "threads", 0)
        del sys.meta_path[0], sys.modules["rehearsal"]


def _fill_gaps() -> list[bytes]:
    """Return objects that take up the holes in Python's heap; keep them.

    A hole lies on a page that is in use. A child that fills it pays for a copy of that page, and without holes its new
    objects lie side by side on new pages: 30 % fewer page faults.
    """
    kept = [b""]
    for size in range(_SMALLEST_BYTES, _LARGEST_SMALL_OBJECT + 1, _ALIGNMENT):
        in_a_row = 0
        for _ in range(_MOST_HOLES):
            kept.append(bytes(size - _BYTES_HEADER))
            in_a_row = in_a_row + 1 if id(kept[-1]) == id(kept[-2]) + size else 0
            if in_a_row >= _POOL_BYTES // size - 2:  # a whole new pool, from end to end
                break
    return kept


class Nursery:
    """Forks one candidate at a time and buries it. Make it while /proc can be read, then give it its fence.

    Args:
        control: the socket that brings orders.
    """

    fence: layers.Fence
    filler: list[bytes]

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.address_space = int(_read_proc("statm").split()[0]) * resource.getpagesize()
        self.children = os.open(f"/proc/self/task/{_read_proc('stat').split()[0]}/children", os.O_RDONLY)

    def serve(self) -> bool:
        """Run one candidate; return False when the other side has hung up."""
        message, descriptors, _, _ = socket.recv_fds(self.control, 4096, 2)
        if not message:
            return False
        order = json.loads(message)
        if not order:
            return True
        cage = layers.Cage(
            fence=self.fence,
            channel=descriptors[0],
            output=descriptors[1],
            cpu_s=order["cpu_s"],
            memory_bytes=order["memory_bytes"] + self.address_space,
            scratch_mb=order["scratch_mb"],
            threads=order["threads"],
        )
        pid = self.fence.fork()
        if pid == 0:
            _become_candidate(cage)
        for descriptor in descriptors:
            os.close(descriptor)
        going_on = self._watch(pid)
        _send(self.control, self._bury(pid))
        return going_on

    def _watch(self, pid: int) -> bool:
        """Wait until the candidate ends or the other side wants it to end."""
        end = os.pidfd_open(pid)
        try:
            ready, _, _ = select.select([self.control.fileno(), end], [], [])
        finally:
            os.close(end)
        return end in ready or bool(self.control.recv(4096))

    def _bury(self, pid: int) -> Mapping[str, Any]:
        """Kill a candidate and all that it started; return how it ended and what they used together."""
        if self.fence.namespaces:  # the kernel kills all others with it, and forgets what they used
            others_s, others_bytes = usage_of_others(self.fence.processes, pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
            cpu_s = usage.ru_utime + usage.ru_stime + others_s
            return _report(status, cpu_s, max(usage.ru_maxrss * 1024, others_bytes))
        _kill(pid)
        status, cpu_s, memory = 0, 0.0, 0
        while True:
            try:
                ended, state, usage = os.wait4(-1, os.WNOHANG)
                if ended == 0:
                    for child_pid in os.pread(self.children, 1 << 20, 0).split():
                        _kill(int(child_pid))
                    ended, state, usage = os.wait4(-1, 0)
            except ChildProcessError:
                return _report(status, cpu_s, memory)
            if ended == pid:
                status = state
            cpu_s += usage.ru_utime + usage.ru_stime
            memory = max(memory, usage.ru_maxrss * 1024)


def _become_candidate(cage: layers.Cage) -> NoReturn:
    code = 70
    try:
        layers.enter(cage)
        child.serve(socket.socket(fileno=layers.CHANNEL), cage.fence.tier, cage.scratch_mb)
        code = 0
    finally:
        os._exit(code)


def _report(status: int, cpu_s: float, memory_bytes: int) -> Mapping[str, Any]:
    return {"status": status, "cpu_s": cpu_s, "memory_bytes": memory_bytes}


def _kill(pid: int) -> None:
    """Kill a process, and the group that it leads."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


def _read_proc(name: str) -> str:
    with open(f"/proc/self/{name}", encoding="ascii") as file:
        return file.read()


def _send(control: socket.socket, message: Mapping[str, Any]) -> None:
    control.send(json.dumps(message).encode())


if __name__ == "__main__":
    main()

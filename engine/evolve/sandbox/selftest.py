"""The self-test: a program that tries to get out, run through the real sandbox.

A rung is only claimed where these probes are refused. The quick ones run whenever a worker starts, all in one
candidate; `evolve doctor` runs the slow ones, too.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from evolve.errors import CandidateError
from evolve.evaluation import Limits, Status
from evolve.sandbox.candidate import SandboxedCandidate
from evolve.sandbox.warm import WarmParent

__all__ = ["Probe", "leaks", "probe_all"]

_LIMITS = Limits(wall_s=20.0, memory_mb=256, result_mb=1)
_QUICK = {
    "secrets": "read /etc/passwd or the problem's folder",
    "write": "write a file",
    "connect": "open a network socket",
    "fork": "start a process",
    "run": "start a program",
    "look": "see another process",
    "kill": "signal the process that judges it",
    "environment": "read the environment of the engine",
    "limits": "raise its limits",
    "trace": "trace the process that judges it",
}
_PROGRAM = """
import ctypes, os, resource, socket, subprocess

def secrets(folder, engine):
    for path in ("/etc/passwd", folder):
        try:
            return f"opened {os.open(path, os.O_RDONLY)}, {path}"
        except OSError:
            pass

def write(folder, engine):
    for place in ("/tmp", "/dev/shm", "/var/tmp", folder, os.getcwd(), os.path.dirname(os.__file__)):
        try:
            path = os.path.join(place, f"evolve-probe-{engine}")
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            os.unlink(path)
            return place
        except OSError:
            pass

def connect(folder, engine):
    return str(socket.socket(socket.AF_INET, socket.SOCK_STREAM))

def fork(folder, engine):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return "forked"

def run(folder, engine):
    subprocess.run(["/bin/true"])
    return "ran /bin/true"

def look(folder, engine):
    return [name for name in os.listdir("/proc") if name.isdigit()] or None

def kill(folder, engine):
    if engine == os.getpid():
        return None  # the same number in another namespace
    os.kill(engine, 0)
    return "it could have been killed"

def environment(folder, engine):
    with open(f"/proc/{engine}/environ", "rb") as file:
        return len(file.read())

def limits(folder, engine):
    before = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (before[0] + 1, before[1] + 1))
    return "raised"

def trace(folder, engine):
    libc = ctypes.CDLL(None)
    return None if libc.ptrace(16, engine, None, None) < 0 else "attached"

def all_of(names, folder, engine):
    found = {}
    for name in names:
        try:
            got = globals()[name](folder, engine)
        except (OSError, ValueError, RuntimeError):
            got = None
        if got is not None:
            found[name] = str(got)[:200]
    return found

def fill():
    return len(bytes(1 << 34))

def spin():
    while True:
        pass
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt to get out.

    Args:
        what: what was tried, in a few words.
        held: the sandbox did not let it.
        said: what was reached, or how it ended.
    """

    what: str
    held: bool
    said: str = ""


def leaks(warm: WarmParent, folder: str, tier: str = "threads") -> dict[str, str]:
    """Run the quick probes in one candidate.

    Args:
        warm: the zygote to fork from.
        folder: of the problem, which must be out of sight.
        tier: what candidates may start there.

    Returns:
        What was reached, by what was tried; empty where everything was refused.
    """
    names = [name for name in _QUICK if tier != "processes" or name not in ("fork", "run")]
    with SandboxedCandidate(warm, {"selftest.py": _PROGRAM}, "selftest.py", _LIMITS) as candidate:
        try:
            found = candidate.call("all_of", names, folder, os.getpid())
        except CandidateError as error:
            return {"finish the self-test": error.detail}
    return {_QUICK[name]: said for name, said in found.items()}


def probe_all(warm: WarmParent, folder: str, tier: str = "threads") -> list[Probe]:
    """Run every probe, the limits' too: takes a second.

    Args:
        warm: the zygote to fork from.
        folder: of the problem, which must be out of sight.
        tier: what candidates may start there.
    """
    found = leaks(warm, folder, tier)
    allowed = {_QUICK["fork"], _QUICK["run"]} if tier == "processes" else set()
    probes = [Probe(what, what not in found, found.get(what, "")) for what in _QUICK.values() if what not in allowed]
    for what, function, wanted, limits in (
        ("use 16 GiB of memory", "fill", Status.MEMORY, _LIMITS),
        ("run for ever", "spin", Status.TIMEOUT, Limits(wall_s=0.5)),
        ("burn more CPU than it may", "spin", Status.TIMEOUT, Limits(wall_s=20.0, cpu_s=0.5)),
    ):
        with SandboxedCandidate(warm, {"selftest.py": _PROGRAM}, "selftest.py", limits) as candidate:
            try:
                probes.append(Probe(what, False, str(candidate.call(function))))
            except CandidateError as error:
                probes.append(Probe(what, error.status == wanted, error.detail))
    return probes

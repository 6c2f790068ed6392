"""`ClassKeys`: by which keys a program is recognised, from the finest and cheapest to the coarsest and dearest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evolve.evaluation import Status
from evolve.fingerprint import behaviour_key, error_signature, source_key, straight_key, text_key
from evolve.interfaces import JobResult
from evolve.program import Program
from evolve.straight import Signature

__all__ = ["ClassKeys"]


@dataclass(frozen=True, slots=True)
class ClassKeys:
    """Makes the class keys that a problem's settings ask for.

    Args:
        levels: of "text", "source", "dataflow", "behaviour". A program without a dataflow key has a source key instead.
        called: names of the functions that the evaluator calls, separated by commas.
        fingerprint: asks plugins for a key of their own.
        signature: what straight-line programs of the problem are, or None.
        digits: binary digits of a float that count in a behaviour.
        scope: digest of what decides outcomes beside the program.
    """

    levels: frozenset[str]
    called: str
    fingerprint: Callable[[Program], str | None]
    signature: Signature | None = None
    digits: int = 30
    scope: str = ""

    @property
    def probes(self) -> bool:
        """True when programs are asked for their behaviour, too."""
        return "behaviour" in self.levels

    def of_text(self, program: Program, known: Callable[[Sequence[str]], bool]) -> list[str]:
        """Return the keys that need no run of the program, up to the first known one.

        Args:
            program: the program.
            known: tells whether one of some keys is known already.
        """
        keys: list[str] = []
        own = self.fingerprint(program)
        if own is not None:
            keys.append(f"p:{own}")
        if "text" in self.levels:
            keys.append(text_key(program))
        if known(keys):
            return keys
        graph = straight_key(program, self.signature) if "dataflow" in self.levels and self.signature else None
        if "source" in self.levels or ("dataflow" in self.levels and graph is None):
            keys.append(source_key(program, self.called))
        if graph is not None:
            keys.append(graph)
        return keys

    def of_probe(self, result: JobResult) -> str | None:
        """Return the key of a probed behaviour, or None when the probe tells nothing of the rest."""
        failed = result.outcome
        if failed is None and not result.error:
            return behaviour_key(result.value, self.digits, self.scope)
        if failed is not None and failed.status in (Status.ERROR, Status.INVALID):
            signature = error_signature(failed.status, failed.feedback)
            return behaviour_key(signature, scope=f"{self.scope} failed")
        return None

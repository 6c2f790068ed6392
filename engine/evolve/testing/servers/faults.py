"""What can go wrong between a client and a model server, and at which requests it does."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

__all__ = [
    "Damage",
    "Fault",
    "Faults",
    "bad_request",
    "cut_connection",
    "empty",
    "latency",
    "malformed_json",
    "rate_limited",
    "server_error",
    "slow_headers",
    "truncated",
    "unauthorised",
    "without_logprobs",
    "without_usage",
]


class Damage(Enum):
    """How an answer differs from the one that the behaviour gave."""

    NONE = "none"
    CUT = "the connection closes in the middle of the body"
    MALFORMED = "the JSON breaks off"
    TRUNCATED = "half the text, as if the token limit were reached"
    EMPTY = "no text"
    NO_USAGE = "no token counts"
    NO_LOGPROBS = "no log-probabilities"


@dataclass(frozen=True)
class Fault:
    """What happens to one request.

    Args:
        status: HTTP status; from 400 on the request is refused with the protocol's error body.
        retry_after: seconds for the retry-after header, or None for no such header.
        latency_s: seconds before the server does anything.
        head_pause_s: seconds between the status line and the headers.
        damage: what is wrong with the answer.
    """

    status: int = 200
    retry_after: float | None = None
    latency_s: float = 0.0
    head_pause_s: float = 0.0
    damage: Damage = Damage.NONE


def rate_limited(retry_after: float | None = None) -> Fault:
    """Refuse with 429.

    Args:
        retry_after: seconds for the retry-after header, or None for no such header.
    """
    return Fault(status=429, retry_after=retry_after)


def server_error(status: int = 500) -> Fault:
    """Refuse with an error of the server.

    Args:
        status: from 500 to 599; 529 says that the server is overloaded.

    Raises:
        ValueError: it is no such status.
    """
    if not 500 <= status <= 599:
        raise ValueError(f"status is {status}; an error of the server is from 500 to 599")
    return Fault(status=status)


def unauthorised() -> Fault:
    """Refuse with 401, whatever key came."""
    return Fault(status=401)


def bad_request() -> Fault:
    """Refuse with 400."""
    return Fault(status=400)


def latency(seconds: float) -> Fault:
    """Wait before doing anything.

    `Faults.every(1, …)` slows every request down; so does the server's own `latency_s`, beside other faults.

    Args:
        seconds: at least 0.
    """
    return Fault(latency_s=seconds)


def slow_headers(seconds: float) -> Fault:
    """Send the status line at once, and the headers and the body later.

    Args:
        seconds: at least 0.
    """
    return Fault(head_pause_s=seconds)


def cut_connection() -> Fault:
    """Close the connection in the middle of the body."""
    return Fault(damage=Damage.CUT)


def malformed_json() -> Fault:
    """Send JSON that breaks off; in a stream, one event in the middle does and nothing follows."""
    return Fault(damage=Damage.MALFORMED)


def truncated() -> Fault:
    """Send half the text, valid in itself, with the finish reason of a reached token limit."""
    return Fault(damage=Damage.TRUNCATED)


def empty() -> Fault:
    """Send a valid answer without text."""
    return Fault(damage=Damage.EMPTY)


def without_usage() -> Fault:
    """Leave the token counts out; the server still adds them to its sums."""
    return Fault(damage=Damage.NO_USAGE)


def without_logprobs() -> Fault:
    """Leave the log-probabilities out although they were asked for."""
    return Fault(damage=Damage.NO_LOGPROBS)


def _never(number: int) -> None:
    """Give no request a fault."""


@dataclass(frozen=True)
class Faults:
    """Which request meets which fault; without arguments, none does.

    Args:
        choose: gives the fault of a request by its number, which counts from 1 in order of arrival, or None.
    """

    choose: Callable[[int], Fault | None] = _never

    def at(self, number: int) -> Fault:
        """Return what happens to a request.

        Args:
            number: from 1 on.
        """
        return self.choose(number) or Fault()

    @classmethod
    def first(cls, *faults: Fault | None) -> Faults:
        """Give the first requests one fault each, and the others none.

        Args:
            faults: in order; None lets a request pass.
        """
        return cls(lambda number: faults[number - 1] if number <= len(faults) else None)

    @classmethod
    def every(cls, n: int, fault: Fault) -> Faults:
        """Give the fault to the requests n, 2n, 3n and so on.

        Args:
            n: at least 1, which means all of them.
            fault: what happens to them.

        Raises:
            ValueError: n is less than 1.
        """
        if n < 1:
            raise ValueError(f"n is {n}; it must be at least 1")
        return cls(lambda number: None if number % n else fault)

    @classmethod
    def with_probability(cls, p: float, fault: Fault, seed: int = 0) -> Faults:
        """Give the fault to each request independently, as a function of its number and the seed alone.

        Args:
            p: probability, from 0 to 1.
            fault: what happens to them.
            seed: any whole number.

        Raises:
            ValueError: p is no probability.
        """
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"p is {p}; a probability is from 0 to 1")
        return cls(lambda number: fault if random.Random(f"{seed}/{number}").random() < p else None)

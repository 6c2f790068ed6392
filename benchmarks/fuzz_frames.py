"""Fuzz the decoder of data frames: a million frames or more, and only the declared error may come out.

Three kinds in turn: valid frames with bytes flipped, cut, repeated and spliced; headers built from the format's own
tags with values that do not fit; and random bytes. Each process has an address-space limit, and an alarm ends
it when one frame takes longer than a few seconds. A frame that fails is written to `tests/hostile/frames/`, whose files
the test-suite replays for ever.

    python benchmarks/fuzz_frames.py                       # about two minutes on two cores
    python benchmarks/fuzz_frames.py --frames 20000        # a quick look
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import signal
import struct
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from evolve.sandbox.wire import PREFIX_BYTES, Caps, WireError, decode, encode, lengths

CORPUS = Path(__file__).resolve().parents[1] / "tests" / "hostile" / "frames"
CAPS = Caps(body=1 << 20, header=1 << 16, nodes=20_000)
PREFIX = struct.Struct("<4sIQ")
NEW_SEEDS = 40
SLOWEST_FRAME_S = 5
MOST_MEMORY = 512 << 20

TAGS = ("m", "f", "c", "b", "s", "F", "I", "a", "x", "", "aa", "\u0000")
DTYPES = ("|b1", "|i1", "<i4", "<f8", "<c16", "<f2", "|u1", ">f8", "|O", "O8", "<U9", "|V8", "<M8[s]", "f8,f8", "")
WORDS = ("nan", "inf", "-inf", "Infinity", "", "NaN", "\ud800", "\u202e", "x" * 300)
NUMBERS = (0, 1, -1, 2, 8, 63, 255, 2**31, 2**47, 2**48, 2**63, 2**64, -(2**63), 10**400, 1.5, -0.0, 1e308, True, None)


def valid_values() -> list[Any]:
    """Return plain data that use every part of the format."""
    return [
        None, True, 3, -(2**200), 1.5, float("nan"), -float("inf"), 2 + 3j, "text", "long " * 99, b"bytes" * 9,
        [], {}, [[[[1]]]], {"a": {"b": [1, 2.5, None]}}, [0.5] * 20, list(range(30)), {"k" * 300: "\u202e"},
        np.zeros((26, 3)), np.arange(9, dtype="i2"), np.array([True, False]), np.zeros((0, 5)), np.array(2.5 + 1j),
        {"value": [np.eye(3), "x", {"y": np.arange(4.0)}], "rest": ("a", 1, 2.0)},
    ]  # fmt: skip


def frame_of(header: bytes, body: bytes) -> bytes:
    """Return a frame whose prefix tells the truth."""
    return PREFIX.pack(b"EVW1", len(header), len(body)) + header + body


def tree(rng: random.Random, depth: int = 0) -> Any:
    """Return a random tree of the format's tags, most of it wrong somewhere."""
    kind = rng.random()
    if depth > 5 or kind < 0.3:
        return rng.choice(NUMBERS + WORDS)
    if kind < 0.45:
        return [tree(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind < 0.7:
        shape = [rng.choice(NUMBERS) if rng.random() < 0.3 else rng.randrange(5) for _ in range(rng.randrange(4))]
        return {"a": [rng.choice(DTYPES), shape if rng.random() < 0.95 else tree(rng, depth + 1)]}
    if kind < 0.85:
        return {rng.choice("bsFI"): rng.choice(NUMBERS) if rng.random() < 0.4 else rng.randrange(9)}
    content = {rng.choice(WORDS): tree(rng, depth + 1)} if rng.random() < 0.5 else tree(rng, depth + 1)
    return {rng.choice(TAGS): content}


def structured(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return a frame with a well-formed header that means nonsense."""
    header = json.dumps(tree(rng), ensure_ascii=rng.random() < 0.5).encode(errors="surrogatepass")
    if rng.random() < 0.1:
        header = header * rng.randrange(3) + rng.choice((b"[" * 5000, b'{"m":' * 900, b"1" * 5000, b"\xff", b" " * 999))
    return frame_of(header, rng.randbytes(rng.choice((0, 1, 8, 16, 24, 64, 100))))


def mutated(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return a valid frame after a few small accidents."""
    frame = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(frame)) if frame else 0
        accident = rng.randrange(6)
        if accident == 0 and frame:
            frame[at] ^= 1 << rng.randrange(8)
        elif accident == 1 and frame:
            frame[at] = rng.choice(b'[]{}",:0919-+.eE\\\0\xff')
        elif accident == 2:
            del frame[at : at + rng.randrange(1, 9)]
        elif accident == 3:
            frame[at:at] = rng.randbytes(rng.randrange(1, 9))
        elif accident == 4:
            other = rng.choice(seeds)
            cut = rng.randrange(len(other))
            frame[at:] = other[cut:]
        else:
            frame[at:at] = frame[at : at + rng.randrange(1, 40)] * rng.randrange(1, 4)
    if len(frame) > PREFIX_BYTES and rng.random() < 0.7:  # else the wrong lengths end it early
        body = min(rng.choice((0, 24, 72, 624)), len(frame) - PREFIX_BYTES)
        header = len(frame) - PREFIX_BYTES - body
        PREFIX.pack_into(frame, 0, b"EVW1", header, body)
    return bytes(frame)


def noise(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return random bytes, now and then behind a true prefix."""
    data = rng.randbytes(rng.randrange(200))
    return frame_of(data, rng.randbytes(rng.randrange(30))) if rng.random() < 0.5 else data


KINDS: tuple[Callable[[random.Random, Sequence[bytes]], bytes], ...] = (mutated, structured, mutated, noise, structured)


def receive(frame: bytes, caps: Caps = CAPS) -> Any:
    """Decode a frame as the trusted side does.

    Raises:
        WireError: it is malformed, too long or too short.
    """
    if len(frame) < PREFIX_BYTES:
        raise WireError("the answer is cut off")
    header, body = lengths(frame[:PREFIX_BYTES], caps)
    if len(frame) < PREFIX_BYTES + header + body:
        raise WireError("the answer is cut off")
    start = PREFIX_BYTES + header
    return decode(frame[PREFIX_BYTES:start], bytearray(frame[start : start + body]), caps)


def judged(frame: bytes) -> str:
    """Decode one frame; say "value", "refused", or what went wrong."""
    try:
        receive(frame)
    except WireError:
        return "refused"
    except BaseException as error:  # noqa: BLE001  # border: anything else is a finding
        return f"{type(error).__name__}: {error}"
    return "value"


def fuzz(seed: int, count: int) -> dict[str, Any]:
    """Decode `count` frames made from a seed; return counts, the slowest frame in seconds, and peak memory in MiB."""
    rng = random.Random(seed)
    seeds = [b"".join(map(bytes, encode(value))) for value in valid_values()]
    ours = len(seeds)
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MEMORY,) * 2)
    counts: Counter[str] = Counter()
    slowest = 0.0
    for index in range(count):
        frame = KINDS[index % len(KINDS)](rng, seeds)
        signal.alarm(SLOWEST_FRAME_S)
        begun = time.perf_counter()
        verdict = judged(frame)
        slowest = max(slowest, time.perf_counter() - begun)
        signal.alarm(0)
        if verdict not in ("value", "refused"):
            keep(frame)
        elif verdict == "value" and len(frame) < 4096 and rng.random() < 0.02:
            seeds.append(frame)
            del seeds[ours:-NEW_SEEDS]
        counts[verdict] += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"counts": counts, "slowest_s": slowest, "peak_mb": peak}


def keep(frame: bytes) -> None:
    """Add a frame to the corpus."""
    CORPUS.mkdir(parents=True, exist_ok=True)
    (CORPUS / f"{hashlib.sha256(frame).hexdigest()[:12]}.frame").write_bytes(frame)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz, print what came out, and return 0 when it was only values and refusals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args(arguments)
    shares = [options.frames // options.processes] * options.processes
    begun = time.perf_counter()
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        found = list(pool.map(fuzz, range(options.seed, options.seed + options.processes), shares))
    counts = sum((one["counts"] for one in found), Counter[str]())
    slowest, peak = max(one["slowest_s"] for one in found), max(one["peak_mb"] for one in found)
    print(f"{sum(shares):,} frames in {time.perf_counter() - begun:.0f} s, seeds {options.seed} and up")
    print(f"{counts.pop('value', 0):,} values, {counts.pop('refused', 0):,} refused, {sum(counts.values())} crashes")
    print(f"slowest frame {1000 * slowest:.1f} ms; peak memory of a process {peak:.0f} MiB")
    for what, times in counts.most_common():
        print(f"CRASH {times} x {what}")
    return int(bool(counts))


if __name__ == "__main__":
    raise SystemExit(main())

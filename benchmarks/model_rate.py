"""Does a slow model idle the engine, and what does a proposal of a model cost the engine itself?

waiting    an answer takes 200 ms, 64 requests are in flight, evaluations are cheap: proposals per second, to the
           64 / 0.2 s = 320 that the model could give
working    answers come at once: CPU milliseconds of the engine per proposal (prompt, record, edit, gate, class key,
           commit), evaluations in its own process included
http       the same through the real OpenAI SDK and a loopback server in another process: what the SDK adds

python benchmarks/model_rate.py
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from evolve.overlay import parse_models
from evolve.run import Run

TRIVIAL = Path(__file__).resolve().parent / "trivial"
IN_FLIGHT, LATENCY_S = 64, 0.2
LEAST_SHARE, MOST_CPU_MS = 0.9, 5.0
SCRIPT = '''
count = 0

def answer(request):
    """Write another number each time."""
    global count
    count += 1
    return f"<idea>number {count}</idea>\\n```python program.py\\ndef answer():\\n    return {float(count)}\\n```"
'''
SERVER = """
import asyncio, sys
from evolve.testing.servers import OpenAIServer, Scripted
sys.path.insert(0, sys.argv[1])
from script import answer

async def serve():
    async with OpenAIServer(Scripted(answer), latency_s=float(sys.argv[2])) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()

asyncio.run(serve())
"""


def measure(model: str, trials: int, folder: Path) -> tuple[float, float]:
    """Run, and return proposals per second of search, and CPU milliseconds of this process per proposal."""
    layers = [
        *parse_models([f"{model},concurrency={IN_FLIGHT},price_in=0,price_out=0"]),
        "mutator.use=llm_rewrite",
        f"run.in_flight={IN_FLIGHT}",
    ]
    out = folder / f"run{time.monotonic_ns()}"
    run = Run.create(str(TRIVIAL), overrides=layers, out=out, extra={"budget": {"trials": trials, "seconds": None}})
    run.preflight = False
    before = time.process_time()
    summary = asyncio.run(run.execute())
    spent = time.process_time() - before
    assert summary.trials == trials, summary.reason
    return (trials - 1) / summary.seconds, 1000 * spent / (trials - 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 0 when both targets are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=3000)
    options = parser.parse_args(arguments)
    print(f"load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "script.py").write_text(SCRIPT, encoding="utf-8")
        scripted = f"scripted:{folder / 'script.py'}:answer"
        rate, waiting_ms = measure(f"{scripted},latency_s={LATENCY_S}", options.trials, folder)
        _, working_ms = measure(scripted, options.trials, folder)
        share = rate * LATENCY_S / IN_FLIGHT
        met = [share >= LEAST_SHARE, working_ms <= MOST_CPU_MS]
        words = ["PASS" if ok else "MISSED" for ok in met]
        print(
            f"waiting  {rate:.0f} proposals/s, {100 * share:.0f} % of {IN_FLIGHT / LATENCY_S:.0f} (>= 90 %): {words[0]}"
        )
        print(f"         {waiting_ms:.2f} ms CPU each")
        print(f"working  {working_ms:.2f} ms CPU each (<= {MOST_CPU_MS:g} ms): {words[1]}")
        command = [sys.executable, "-c", SERVER, str(folder)]
        for latency_s in (0.0, LATENCY_S):
            with subprocess.Popen([*command, str(latency_s)], stdout=subprocess.PIPE, text=True) as server:
                assert server.stdout is not None
                address = server.stdout.readline().strip()
                http_rate, http_ms = measure(f"openai:demo,base_url={address}", options.trials // 3, folder)
                server.kill()
            more = f"{http_ms / working_ms:.1f} times the scripted client"
            print(f"http     latency {latency_s:g} s: {http_rate:.0f} proposals/s, {http_ms:.2f} ms CPU each: {more}")
    return 0 if all(met) else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Found rules on torch modules: a small convolutional net and a small transformer, beside torch's AdamW and a Lion.

    pip install 'evolve-engine[torch]'
    python problems/optimizer_search/torch_check.py RUN [--device cuda]
    python problems/optimizer_search/torch_check.py rule.py other.py

A run stands for its finalists. Each optimizer is tried with the same learning rates; the best counts. Weights are one
flat vector to a found rule, as in the search.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from evolve_problems._shared.training import digits
from evolve_problems.optimizer_search.language import parsed
from evolve_problems.optimizer_search.torch_primitives import load_torch, torch_functions

from evolve.record import reading
from evolve.straight import compile_straight
from evolve.views import finals

__all__ = ["main"]

RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)
Step = Callable[[float], None]
"""Makes one step with a learning rate; gradients are there."""


def found_step(source: str, device: str, parameters: list[Any]) -> Step:
    """Return the step of a straight-line rule."""
    torch = load_torch()
    rule = compile_straight(parsed(source), torch_functions(device))
    state: list[Any] = [0.0, 0.0]

    def step(rate: float) -> None:
        with torch.no_grad():
            w = torch.cat([p.flatten() for p in parameters])
            g = torch.cat([p.grad.flatten() for p in parameters])
            update, *state[:] = rule(w, g, rate, *state)
            moved = w - update
            place = 0
            for p in parameters:
                p.copy_(moved[place : place + p.numel()].view_as(p))
                place += p.numel()

    return step


def adamw_step(parameters: list[Any]) -> Step:
    """Return the step of torch's AdamW, with its own constants."""
    optimizer = load_torch().optim.AdamW(parameters, weight_decay=0.01)

    def step(rate: float) -> None:
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()

    return step


def lion_step(parameters: list[Any], decay: float = 0.1) -> Step:
    """Return the step of Lion with the constants of its paper (0.9, 0.99)."""
    torch = load_torch()
    averages = [torch.zeros_like(p) for p in parameters]

    def step(rate: float) -> None:
        with torch.no_grad():
            for p, m in zip(parameters, averages, strict=True):
                direction = m.lerp(p.grad, 0.1).sign_()
                p.sub_(rate * (direction + decay * p))
                m.lerp_(p.grad, 0.01)

    return step


class Digits:
    """A convolutional net of 5,000 weights that reads 8 x 8 digits.

    Args:
        device: where it runs.
    """

    name, steps = "conv net, digits", 400

    def __init__(self, device: str) -> None:
        torch = load_torch()
        self._parts = [
            (torch.tensor(x, dtype=torch.float32, device=device).view(-1, 1, 8, 8), torch.tensor(y, device=device))
            for x, y in (digits.load("train"), digits.load("test"))
        ]

    def module(self) -> Any:
        """Return an untrained net."""
        nn = load_torch().nn
        layers = [
            nn.Conv2d(1, 12, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(12, 24, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(384, 10))

    def batch(self, draw: Any) -> tuple[Any, Any]:
        """Return 64 images and their labels."""
        x, y = self._parts[0]
        chosen = load_torch().randint(len(y), (64,), generator=draw).to(x.device)
        return x[chosen], y[chosen]

    def judged(self) -> tuple[Any, Any]:
        """Return images that nothing is trained on."""
        return self._parts[1]


class Sums:
    """A transformer of two layers that says at each digit its sum with the digit before, modulo 10.

    Args:
        device: where it runs.
    """

    name, steps = "transformer, sums", 500
    _LENGTH = 16

    def __init__(self, device: str) -> None:
        self._device = device

    def module(self) -> Any:
        """Return an untrained transformer of 70,000 weights."""
        torch = load_torch()
        nn = torch.nn
        length = self._LENGTH

        class Transformer(nn.Module):  # type: ignore[misc,name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.token, self.place = nn.Embedding(10, 48), nn.Embedding(length, 48)
                layer = nn.TransformerEncoderLayer(48, 4, 128, dropout=0.0, batch_first=True, norm_first=True)
                self.body, self.head = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(48, 10)

            def forward(self, x: Any) -> Any:
                places = torch.arange(x.shape[1], device=x.device)
                mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], device=x.device)
                hidden = self.body(self.token(x) + self.place(places), mask=mask, is_causal=True)
                return self.head(hidden).flatten(0, 1)

        return Transformer()

    def batch(self, draw: Any, count: int = 64) -> tuple[Any, Any]:
        """Return sequences of digits, and the sums."""
        torch = load_torch()
        x = torch.randint(10, (count, self._LENGTH), generator=draw).to(self._device)
        before = torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], dim=1)
        return x, ((x + before) % 10).flatten()

    def judged(self) -> tuple[Any, Any]:
        """Return sequences of their own."""
        return self.batch(load_torch().Generator().manual_seed(99), 256)


def train(task: Any, make: Callable[[list[Any]], Step], rate: float, device: str, seed: int = 0) -> tuple[float, float]:
    """Return (loss, accuracy) after a training with a cosine schedule.

    Args:
        task: `Digits` or `Sums`.
        make: makes the optimizer's step for some parameters.
        rate: the first learning rate.
        device: where it runs.
        seed: of the first weights and the batches.
    """
    torch = load_torch()
    torch.manual_seed(seed)
    module = task.module().to(device)
    parameters = list(module.parameters())
    step = make(parameters)
    draw = torch.Generator().manual_seed(seed)
    for number in range(task.steps):
        x, y = task.batch(draw)
        loss = torch.nn.functional.cross_entropy(module(x), y)
        module.zero_grad()
        loss.backward()
        step(rate * 0.5 * (1.0 + math.cos(math.pi * number / task.steps)))
    with torch.no_grad():
        x, y = task.judged()
        scores = module(x)
        return float(torch.nn.functional.cross_entropy(scores, y)), float((scores.argmax(1) == y).float().mean())


def rules(given: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of each rule that an argument stands for: a file, or a run with its finalists."""
    if given.is_file():
        yield given.stem, given.read_text(encoding="utf-8")
        return
    with reading(given) as record:
        stages = [scores for _, scores in finals(record) if len(scores) > 1]
        if not stages:
            raise SystemExit(f"{given} has no finalists yet")
        for number, _ in stages[-1]:
            query = "SELECT files FROM programs JOIN trials ON program = digest WHERE number = ?"
            ((files,),) = record.query(query, (number,))
            yield f"trial {number}", next(iter(json.loads(files).values()))


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", type=Path, nargs="+", help="run folders or files")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch = load_torch()
    torch.set_num_threads(1)
    makers: dict[str, Callable[[list[Any]], Step]] = {"AdamW (torch)": adamw_step, "Lion": lion_step}
    for name, source in (pair for path in given.rules for pair in rules(path)):
        makers[name] = partial(found_step, source, given.device)
    for task in (Digits(given.device), Sums(given.device)):
        print(f"{task.name}: loss after {task.steps} steps by learning rate; then the best loss and its accuracy")
        print(f"{'':16}" + "".join(f"{rate:>9g}" for rate in RATES) + f"{'best':>9}{'right':>8}")
        for name, make in makers.items():
            print(_row(name, {rate: train(task, make, rate, given.device, given.seed) for rate in RATES}), flush=True)


def _row(name: str, found: Mapping[float, tuple[float, float]]) -> str:
    losses = [loss if math.isfinite(loss) else math.inf for loss, _ in found.values()]
    best = min(range(len(losses)), key=losses.__getitem__)
    right = list(found.values())[best][1]
    return f"{name:16}" + "".join(f"{loss:9.4f}" for loss in losses) + f"{losses[best]:9.4f}{100 * right:7.1f}%"


if __name__ == "__main__":
    main()

"""Judge of online bin packing: a rule says how much an item wants to go into each bin; few bins are good.

A rule is asked once, for all pairs of an item size and a room that can occur. So no state can leak from one item to the
next, and no future item is known to it.
"""

from __future__ import annotations

import math
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import primitives
from evolve_problems._shared.bin_packing import (
    SOURCES,
    Array,
    Source,
    best_fit,
    excess,
    first_fit,
    pairs,
    rank,
    sequences,
    waste,
    worst_fit,
)
from evolve_problems._shared.formula import Language, formula, simplify

from evolve import Candidate, Instance, Outcome, Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from evolve.straight import StraightProgram

ENTRY = "priority(item: float, room: float) -> float"
Split = Literal["train", "validation", "test"]
SETS: dict[str, tuple[tuple[str, int, range, Split], ...]] = {
    "weibull": (
        ("quick", 1000, range(1000, 1002), "train"),
        ("train", 5000, range(1, 6), "train"),
        ("validation", 5000, range(101, 106), "validation"),
        ("test", 5000, range(201, 206), "test"),
    ),
    "uniform": (
        ("quick", 250, range(1000, 1008), "train"),
        ("train", 250, range(1, 101), "train"),
        ("validation", 250, range(201, 301), "validation"),
        ("test", 250, range(401, 421), "test"),
    ),
}
"""Of each source: name, items in a sequence, seed of each sequence, split."""


def instances(sizes: str = "weibull") -> list[Instance]:
    """Return the sets of sequences to pack: a quick one, one to search on, and two that search never sees."""
    if sizes not in SETS:
        raise ValueError(f"params.sizes is {sizes!r}; it is one of {', '.join(SETS)}")
    return [
        Instance(name, {"sizes": sizes, "items": items, "seeds": list(seeds)}, split, weight=len(seeds) * items / 2000)
        for name, items, seeds, split in SETS[sizes]
    ]


def evaluate(candidate: Candidate, instance: Instance) -> Outcome:
    """Return the mean excess over the L1 bound, in percent, of a rule on a set of sequences."""
    table = _table(candidate, instance.sizes)
    score, left = excess(table, instance.sizes, instance.items, instance.seeds)
    opens = float((table > table[:, -1:])[pairs(instance.sizes)[2]].mean())
    full, room = float(left[0]), np.arange(len(left))
    mean = float(left @ room) / max(1.0 - full, 1e-12)
    return Outcome.ok(
        score,
        measures={
            "full": full,  # share of the bins that are exactly full, in [0, 1]
            "opens": opens,  # share of the pairs of an item and a room where a new bin is liked better, in [0, 1]
        },
        feedback=f"{full:.0%} of the bins are full; the others have room for {mean:.1f} of {room[-1]} on average, "
        f"and {left[: room[-1] // 5].sum() - full:.0%} of all bins have a little room, less than a fifth",
        solution={"ranks": b64encode(zlib.compress(table.tobytes(), 1)).decode()},
    )


def _table(candidate: Candidate, sizes: str) -> Array:
    items, rooms, _ = pairs(sizes)
    with np.errstate(all="ignore"):
        return rank(candidate.call("priority", items, rooms), sizes)


def probe(candidate: Candidate, sizes: str = "weibull") -> bytes:
    """Return the whole table of a rule: rules that share it pack alike, always."""
    table: bytes = _table(candidate, sizes).tobytes()
    return table


def verify(solution: Any, instance: Instance) -> Verdict:
    """Pack again by the recorded table, one explicit bin at a time, and count what lies in the bins."""
    source = SOURCES[instance.sizes]
    try:
        ranks = _ranks(solution, source)
    except (TypeError, KeyError, ValueError, zlib.error):
        return Verdict.refused("the solution holds no table of ranks")
    over, packed = Fraction(), 0
    for sequence in sequences(instance.sizes, instance.items, tuple(instance.seeds)):
        contents = _contents(sequence, ranks, source)
        if sorted(place for found in contents for place in found) != list(range(len(sequence))):
            return Verdict.refused("an item is missing, or in two bins")
        if any(sum(sequence[place] for place in found) > source.capacity for found in contents):
            return Verdict.refused("a bin holds more than its capacity")
        first = [found[0] for found in contents]
        if first != sorted(first) or any(found != sorted(found) for found in contents):
            return Verdict.refused("the items are not packed in the order in which they came")
        least = math.ceil(Fraction(sum(sequence), source.capacity))
        over += Fraction(len(contents), least) - 1
        packed += len(sequence)
    detail = f"{packed:,} items in {len(instance.seeds)} sequences packed anew, each in one bin, none overfull"
    return Verdict.ok(float(100 * over / len(instance.seeds)), detail)


def _ranks(solution: Any, source: Source) -> bytes:
    """Return the table of a solution: rows of items, from the smallest, with a rank for each room, from 0.

    Raises:
        ValueError: it is too long or too short; TypeError, KeyError and zlib.error: it is something else.
    """
    size = (source.capacity + 1) * (source.largest - source.smallest + 1)
    ranks = zlib.decompressobj().decompress(b64decode(solution["ranks"], validate=True), size + 1)
    if len(ranks) != size:
        raise ValueError(f"the table has not {size} ranks")
    return ranks


def _contents(sequence: Sequence[int], ranks: bytes, source: Source) -> list[list[int]]:
    """Return for each bin the places of its items in the sequence. Shares no code with the judge."""
    contents: list[list[int]] = []
    waiting: dict[int, list[int]] = {}  # room to numbers of bins
    wide = source.capacity + 1
    for place, item in enumerate(sequence):
        row = (item - source.smallest) * wide
        liked = min(((ranks[row + room], room) for room in waiting if room >= item), default=None)
        if liked is None or liked[0] > ranks[row + source.capacity]:
            number, room = len(contents), source.capacity
            contents.append([])
        else:
            room = liked[1]
            number = waiting[room].pop()
            if not waiting[room]:
                del waiting[room]
        contents[number].append(place)
        if room > item:
            waiting.setdefault(room - item, []).append(number)
    return contents


def explain(files: Mapping[str, str], main: str) -> str:
    """Return the rule without what makes no difference, and what it wastes beside textbook rules."""
    language = Language(primitives, ENTRY)
    program = language.read(files[main])
    if program is None:
        return "The rule is no straight-line program, and is shown as it is."

    def table(rule: StraightProgram, sizes: str) -> Array:
        items, rooms, _ = pairs(sizes)
        with np.errstate(all="ignore"):
            return rank(language.run(rule)(items, rooms), sizes)

    def same(rule: StraightProgram) -> bool:
        return all(np.array_equal(table(rule, sizes), found) for sizes, found in tables.items())

    tables = {sizes: table(program, sizes) for sizes in SETS}
    lines = ["The rule, without what makes no difference (of equal priorities the fullest bin wins):", ""]
    lines += [formula(simplify(program, same)), "", "Bins above the lower bound, in percent:"]
    for sizes in SETS:
        lines.append(f"{sizes + ' sizes':24}" + "".join(f"{name:>12}" for name in ("found", *RIVALS)))
        for name, items, seeds, _ in SETS[sizes][1:]:
            wasted = [excess(tables[sizes], sizes, items, seeds)[0], *(f(sizes, items, seeds) for f in RIVALS.values())]
            lines.append(f"  {name + f', {items} items':22}" + "".join(f"{value:12.2f}" for value in wasted))
    return "\n".join(lines)


def _first_fit(sizes: str, items: int, seeds: Sequence[int]) -> float:
    given, capacity = sequences(sizes, items, tuple(seeds)), SOURCES[sizes].capacity
    wasted: float = waste([first_fit(sequence, capacity) for sequence in given], given, capacity)
    return wasted


Rules = dict[str, Callable[[str, int, Sequence[int]], float]]
RIVALS: Rules = {
    "best fit": lambda sizes, items, seeds: excess(best_fit(sizes), sizes, items, seeds)[0],
    "first fit": _first_fit,
    "worst fit": lambda sizes, items, seeds: excess(worst_fit(sizes), sizes, items, seeds)[0],
}
"""Textbook rules, and the waste of each on sequences of given sizes, length and seeds."""


def draw(solution: Any, instance: Instance) -> Figure:
    """Return a picture: bins as the rule and as best fit fill them, and the waste by the number of items."""
    from matplotlib.figure import Figure

    sizes = instance.sizes
    ranks = _ranks(solution, SOURCES[sizes])
    table = np.frombuffer(ranks, dtype=np.uint8).reshape(pairs(sizes)[2].shape)
    figure = Figure(figsize=(10, 9), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1)
    sequence = sequences(sizes, instance.items, tuple(instance.seeds[:1]))[0]
    for axes, name, rule in ((top, "found", table), (middle, "best fit", best_fit(sizes))):
        contents = _contents(sequence, rule.tobytes(), SOURCES[sizes])
        bars = _bars(axes, [[sequence[place] for place in found] for found in contents], SOURCES[sizes].capacity)
        axes.set_title(f"{name}: {len(contents)} bins for {len(sequence)} items; the first {bars} of them", fontsize=10)
    counts = (125, 250, 500, 1000, 2000, 4000, 8000)
    lines: Rules = {"found": lambda *of: excess(table, *of)[0], **RIVALS}
    for name, wasted in lines.items():
        values = [wasted(sizes, count, range(301, 304)) for count in counts]
        bottom.plot(counts, values, "o-", label=name, linewidth=2.4 if name == "found" else 1.2)
    bottom.set(xscale="log", ylim=(0, None), xlabel="items in the sequence", ylabel="bins above the lower bound, %")
    bottom.legend()
    bottom.grid(alpha=0.3)
    return figure


def _bars(axes: Any, contents: list[list[int]], capacity: int, most: int = 150) -> int:
    """Draw the first bins as stacked bars, coloured by how full they are; return how many."""
    from matplotlib import colormaps

    shown = contents[:most]
    shade = [colormaps["RdYlGn"](max(0.0, 1.0 - 8.0 * (1.0 - sum(sizes) / capacity))) for sizes in shown]
    where = range(1, len(shown) + 1)
    for layer in range(max(map(len, shown))):
        heights = [sizes[layer] if layer < len(sizes) else 0 for sizes in shown]
        floors = [sum(sizes[:layer]) for sizes in shown]
        axes.bar(where, heights, bottom=floors, width=0.9, color=shade, edgecolor="white", linewidth=0.4)
    axes.set(xlim=(0, len(shown) + 1), ylim=(0, capacity), ylabel="filled")
    return len(shown)

"""Judge of queen graph colouring: five boards, the number of colours that a program needs for them all."""

from __future__ import annotations

from typing import Any

from evolve import Candidate, Instance, Outcome, Verdict, strict


def instances(sizes: tuple[int, ...] = (8, 9, 10, 11, 12)) -> list[Instance]:
    """Return one instance with all boards: a program is built once, and asked once for each."""
    return [Instance(f"n{min(sizes)}_to_{max(sizes)}", {"sizes": list(sizes)})]


def evaluate(candidate: Candidate, instance: Instance) -> Outcome:
    """Return the sum of the numbers of colours; a fractional part tells how even their use is."""
    found = {}
    for n in instance.sizes:
        colours = strict.integers(candidate.call("colour", n), shape=(n * n,), low=0, name=f"colour({n})")
        clash = first_clash(colours, n)
        if clash:
            return Outcome.invalid(clash)
        found[n] = colours
    used = {n: len(set(colours)) for n, colours in found.items()}
    return Outcome.ok(
        sum(used.values()),
        metrics={f"colours_{n}": count for n, count in used.items()},
        measures={"smallest_class": min(min(map(c.count, set(c))) / n for n, c in found.items())},
        feedback="colours: " + ", ".join(f"{count} for n = {n}" for n, count in used.items()),
        solution=[found[n] for n in instance.sizes],
    )


def first_clash(colours: list[int], n: int) -> str:
    """Return which two squares of one colour attack each other, or ""."""
    for b, colour in enumerate(colours):
        for a in range(b):
            rows, columns = b // n - a // n, b % n - a % n
            if colours[a] == colour and (rows == 0 or columns == 0 or abs(rows) == abs(columns)):
                return f"colour({n}): squares {a} and {b} have the colour {colour} and lie a queen's move apart"
    return ""


def verify(solution: Any, instance: Instance) -> Verdict:
    """Check once more by lines: no row, column or diagonal holds a colour twice."""
    boards = solution if isinstance(solution, list) and len(solution) == len(instance.sizes) else []
    total = 0
    for n, board in zip(instance.sizes, boards, strict=False):
        if not isinstance(board, list) or len(board) != n * n or {type(c) for c in board} != {int}:
            return Verdict.refused(f"the colouring of {n} rows is not {n * n} whole numbers")
        seen: set[tuple[str, int, int]] = set()
        for square, colour in enumerate(board):
            row, column = divmod(square, n)
            lines = {("row", row, colour), ("column", column, colour)}
            lines |= {("falling", row - column, colour), ("rising", row + column, colour)}
            if lines & seen:
                return Verdict.refused(f"n = {n}: the colour {colour} comes twice in a line through square {square}")
            seen |= lines
        total += len(set(board))
    if not boards:
        return Verdict.refused(f"the solution is not {len(instance.sizes)} colourings")
    return Verdict.ok(total, f"{len(boards)} boards, no colour twice in any line", boards)


def draw(solution: Any, instance: Instance) -> str:
    """Return the largest board as SVG."""
    n, board = instance.sizes[-1], solution[-1]
    palette = {colour: 360 * i // len(set(board)) for i, colour in enumerate(sorted(set(board)))}
    cells = "".join(
        f'<rect x="{s % n}" y="{s // n}" width="1" height="1" fill="hsl({palette[c]}, 65%, {50 + 15 * (i % 2)}%)"/>'
        for i, (s, c) in enumerate(enumerate(board))
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {n} {n}" width="480" height="480">{cells}</svg>'

"""Pictures of packings. Trusted side only; matplotlib loads when a picture is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evolve_problems._shared.packing import Circle, contacts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_packing"]

_FILL, _EDGE, _LINE = "viridis", "#1b2a33", "#d1495b"


def draw_packing(circles: Sequence[Circle], title: str) -> Figure:
    """Return a picture: circles coloured by radius, lines between those that touch, dots where one touches a wall.

    Args:
        circles: (x, y, radius) in the unit square.
        title: printed above.
    """
    from matplotlib import colormaps
    from matplotlib.collections import LineCollection, PatchCollection
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle as Disc
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(6.4, 6.8), layout="constrained")
    axes = figure.add_subplot()
    radii = [r for _, _, r in circles]
    low, high = min(radii, default=0.0), max(radii, default=1.0)
    shade = colormaps[_FILL]
    colours = [shade(0.25 + 0.7 * (r - low) / (high - low) if high > low else 0.6) for r in radii]
    discs = [Disc((x, y), r) for x, y, r in circles]
    axes.add_collection(PatchCollection(discs, facecolors=colours, edgecolors=_EDGE, linewidths=0.9, alpha=0.85))
    touching = contacts(circles, slack=1e-6)
    lines = [[circles[i][:2], circles[j][:2]] for i, j in touching if j >= 0]
    axes.add_collection(LineCollection(lines, colors=_LINE, linewidths=1.3, capstyle="round"))
    at_wall = [_foot(circles[i], wall) for i, wall in touching if wall < 0]
    axes.scatter([x for x, _ in at_wall], [y for _, y in at_wall], s=16, color=_LINE, zorder=3, clip_on=False)
    axes.scatter([x for x, _, _ in circles], [y for _, y, _ in circles], s=5, color=_EDGE, zorder=3)
    axes.add_patch(Rectangle((0, 0), 1, 1, fill=False, edgecolor=_EDGE, linewidth=1.8))
    axes.set(xlim=(-0.012, 1.012), ylim=(-0.012, 1.012), aspect="equal")
    axes.set_axis_off()
    axes.set_title(title, fontsize=12, color=_EDGE, pad=8)
    return figure


def _foot(circle: Circle, wall: int) -> tuple[float, float]:
    """Return where a circle touches a wall (-1 left, -2 right, -3 lower, -4 upper)."""
    x, y, _ = circle
    return {-1: (0.0, y), -2: (1.0, y), -3: (x, 0.0), -4: (x, 1.0)}[wall]

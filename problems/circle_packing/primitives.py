"""Building blocks for packing circles into the unit square: start layouts, moves, and two local optimisers.

None of them knows a packing. Layouts and moves are what a person would name in passing; `lp_radii` and `polish` are
textbook optimisation. All are pure functions: equal arguments give equal answers. Arrays come back read-only.

This file runs on the candidate's side of the border; it needs numpy and the standard library only.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple, NewType

import numpy as np
import numpy.random  # numpy loads it lazily otherwise, at the first draw of every candidate

from evolve.primitives import Range, Seed, meter, primitive

__all__ = [
    "Circles",
    "Points",
    "better",
    "centres",
    "equal_radii",
    "grid_rows",
    "jitter",
    "lp_radii",
    "polish",
    "relocate",
    "scatter",
    "shake",
]

Array = np.ndarray[Any, np.dtype[np.float64]]
Points = NewType("Points", Array)
"""(n, 2) array of x, y in the unit square."""
Circles = NewType("Circles", Array)
"""(n, 3) array of x, y, radius."""
Step = Annotated[float, Range(0.005, 0.5, log=True)]

_BARRIER = 1e-3  # start of the central path: small enough to stay near the given centres
_GAP = 1e-13  # stop when the sum of radii is within this of the best that first-order changes can reach
_ITERATIONS = 100
_SLACK = 1e-9  # what still counts as disjoint in `better`


@primitive(cost=0.05)
def grid_rows(n: int, rows: Annotated[int, Range(1, 12)], stagger: Annotated[float, Range(0.0, 1.0)]) -> Points:
    """Lay n points out in even rows, every second row shifted sideways.

    Args:
        n: number of points, >= 1.
        rows: number of rows; clipped to 1..n.
        stagger: shift between neighbouring rows, in half columns, 0 to 1.
    """
    rows = min(max(int(rows), 1), max(int(n), 1))
    shift = 0.25 * min(max(float(stagger), 0.0), 1.0)
    cells = []
    for row in range(rows):
        count = (row + 1) * n // rows - row * n // rows
        offset = 0.5 + (shift if row % 2 else -shift)
        cells += [((column + offset) / count, (row + 0.5) / rows) for column in range(count)]
    return _points(cells)


@primitive(cost=0.05)
def scatter(n: int, seed: Seed) -> Points:
    """Draw n points at random.

    Args:
        n: number of points, >= 1.
        seed: selects the draw.
    """
    return _points(_stream(1, seed).random((n, 2)))


@primitive(cost=0.05)
def jitter(points: Points, sigma: Step, seed: Seed) -> Points:
    """Move every point by a Gaussian step.

    Args:
        points: (n, 2) array, unit square.
        sigma: standard deviation per coordinate, in sides of the square.
        seed: selects the draw.
    """
    xy = _points(points)
    return _points(xy + _stream(2, seed).normal(0.0, abs(sigma), xy.shape))


@primitive(cost=0.05)
def shake(circles: Circles, k: Annotated[int, Range(1, 12)], sigma: Step, seed: Seed) -> Points:
    """Move the k centres nearest to a random place by Gaussian steps; return all centres.

    Args:
        circles: (n, 3) array.
        k: how many to move, 1 to n.
        sigma: standard deviation per coordinate, in sides of the square.
        seed: selects the place and the steps.
    """
    draw = _stream(3, seed)
    xy = _points(circles).copy()
    place = draw.random(2)
    near = np.argsort(((xy - place) ** 2).sum(axis=1))[: max(int(k), 1)]
    xy[near] += draw.normal(0.0, abs(sigma), (len(near), 2))
    return _points(xy)


@primitive(cost=0.05)
def relocate(circles: Circles, seed: Seed) -> Points:
    """Put one circle's centre at a random place; return all centres.

    Args:
        circles: (n, 3) array.
        seed: selects the circle and the place.
    """
    draw = _stream(4, seed)
    xy = _points(circles).copy()
    xy[draw.integers(len(xy))] = draw.random(2)
    return _points(xy)


@primitive(cost=0.05)
def centres(circles: Circles) -> Points:
    """Return the centres of circles."""
    return _points(circles)


@primitive(cost=0.05)
def equal_radii(points: Points) -> Circles:
    """Give all points the largest common radius that keeps the circles disjoint and inside."""
    xy = _points(points)
    radius = _room(xy).min() if len(xy) else 0.0
    return _shown(np.column_stack([xy, np.full(len(xy), radius)]))


@primitive(cost=0.3)
def lp_radii(points: Points) -> Circles:
    """Give fixed centres the radii with the largest sum (a linear program)."""
    return _shown(_climb(_points(points), move=False))


@primitive(cost=1.0)
def polish(points: Points) -> Circles:
    """Move centres and radii to the nearest local optimum of the sum of radii.

    Args:
        points: (n, 2) array, or circles, whose radii are then chosen anew.

    Returns:
        (n, 3) array: disjoint circles inside the square, to rounding.
    """
    return _shown(_climb(_points(points), move=True))


@primitive(cost=0.05)
def better(a: Circles, b: Circles) -> Circles:
    """Return the one of two packings with the larger sum of radii; a valid one beats an invalid one."""
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return _shown(first if _worth(first) >= _worth(second) else second)


def _stream(salt: int, seed: int) -> np.random.Generator:
    """Return the random stream of a primitive, so that equal seeds mean unrelated draws in different primitives."""
    return np.random.default_rng((salt, int(seed) % 2**63))


def _points(values: Any) -> Points:
    """Return the first two columns as a read-only array inside the unit square, whatever came in."""
    given = np.asarray(values, dtype=float)
    given = given.reshape(len(given), -1) if given.size else np.zeros((0, 2))
    xy = np.nan_to_num(given[:, :2], nan=0.5, posinf=1.0, neginf=0.0).clip(0.0, 1.0)
    xy.setflags(write=False)
    return Points(xy)


def _shown(circles: Array) -> Circles:
    """Tell the meter about a packing and return it read-only."""
    worth = _worth(circles)
    if worth > -np.inf:
        meter.show(circles, worth)
    circles.setflags(write=False)
    return Circles(circles)


def _worth(circles: Array) -> float:
    """Return the sum of the radii, or minus infinity when the circles do not fit."""
    if circles.ndim != 2 or circles.shape[1] != 3 or not np.isfinite(circles).all():
        return -np.inf
    xy, r = circles[:, :2], circles[:, 2]
    apart = _distances(xy) - (r[:, None] + r)
    np.fill_diagonal(apart, np.inf)
    free = min(apart.min(initial=np.inf), (xy - r[:, None]).min(initial=np.inf), (1.0 - xy - r[:, None]).min(initial=1))
    return float(r.sum()) if free >= -_SLACK and r.min(initial=0.0) >= 0.0 else -np.inf


def _distances(xy: Array) -> Array:
    """Return the (n, n) matrix of distances between points."""
    step = xy[:, None, :] - xy[None, :, :]
    distances: Array = np.sqrt((step * step).sum(axis=2))
    return distances


def _room(xy: Array) -> Array:
    """Return for each point the radius it can have when its neighbours take the same: half the way, or the wall."""
    apart = _distances(xy)
    np.fill_diagonal(apart, np.inf)
    wall = np.minimum(xy, 1.0 - xy).min(axis=1)
    room: Array = np.minimum(apart.min(axis=1, initial=np.inf) / 2.0, wall)
    return room


def _separated(xy: Array) -> Array:
    """Return the points moved off the walls and off each other, by steps too small to matter otherwise."""
    xy = xy.clip(1e-4, 1.0 - 1e-4)
    if _room(xy).min() < 1e-9:
        turn = 2.399963 * np.arange(len(xy))
        spiral = np.sqrt(np.arange(1.0, len(xy) + 1.0) / len(xy))
        xy = (xy + 1e-4 * np.column_stack([spiral * np.cos(turn), spiral * np.sin(turn)])).clip(1e-5, 1.0 - 1e-5)
    return xy


class _Slack(NamedTuple):
    """What is free between circles, and where the neighbours lie.

    Args:
        pair: (n, n) free length between two circles, 1 on the diagonal.
        wall: (5, n) free length to the left, right, lower and upper wall, and the radius itself.
        ux, uy: (n, n) unit vectors from each centre to the others, pointing away from them.
    """

    pair: Array
    wall: Array
    ux: Array
    uy: Array


def _slack(z: Array) -> _Slack:
    x, y, r = z
    dx, dy = x[:, None] - x, y[:, None] - y
    distance = np.sqrt(dx * dx + dy * dy)
    np.fill_diagonal(distance, 1.0)
    pair = distance - (r[:, None] + r)
    np.fill_diagonal(pair, 1.0)
    return _Slack(pair, np.array([x - r, 1.0 - x - r, y - r, 1.0 - y - r, r]), dx / distance, dy / distance)


def _climb(xy: Array, *, move: bool) -> Array:
    """Follow the central path of "maximise the sum of radii" from given centres to a local optimum.

    A primal-dual interior-point method on the constraints linearised anew in every step. Distances are convex in the
    centres, so a step that is feasible for the linearised constraints is feasible for the true ones, and the sum of
    complementarities bounds what any further first-order change could gain. A locally optimal packing is rigid (a
    vertex), which makes the method converge superlinearly without second derivatives.

    Args:
        xy: (n, 2) centres.
        move: False keeps the centres and solves the linear program in the radii.

    Returns:
        (n, 3) circles.

    Reference: S. J. Wright, Primal-Dual Interior-Point Methods, SIAM 1997, chapter 1;
        A. L. Yuille, A. Rangarajan, The concave-convex procedure, Neural Computation 15 (2003) 915-936.
    """
    n = len(xy)
    if n == 0:
        return np.zeros((0, 3))
    xy = _separated(xy)
    z = np.vstack([xy.T, 0.9 * _room(xy)])
    slack = _slack(z)
    barrier = _BARRIER
    pair, wall = barrier / slack.pair, barrier / slack.wall
    np.fill_diagonal(pair, 0.0)
    with np.errstate(all="ignore"):
        for _ in range(_ITERATIONS):
            found = _newton_step(slack, pair, wall, barrier, move)
            if found is None:
                break
            step, pair_step, wall_step, reach, dual_reach = found
            following = z + reach * step
            new = _slack(following)
            if not min(new.pair.min(), new.wall.min()) > 0.0:
                break
            z, slack = following, new
            pair, wall = pair + dual_reach * pair_step, wall + dual_reach * wall_step
            gap = float(np.vdot(pair, slack.pair) / 2.0 + np.vdot(wall, slack.wall))
            if not gap > _GAP:
                break
            if reach > 0.5:
                barrier = (0.03 if reach > 0.9 else 0.1) * min(gap / (n * (n - 1) / 2 + 5 * n), barrier)
    return np.ascontiguousarray(z.T)


def _newton_step(
    slack: _Slack, pair: Array, wall: Array, barrier: float, move: bool
) -> tuple[Array, Array, Array, float, float] | None:
    """Return the steps of circles and multipliers towards the central path, and how far each may go.

    Args:
        slack: of the present circles.
        pair: (n, n) multipliers of the pairs, 0 on the diagonal.
        wall: (5, n) multipliers of the walls.
        barrier: the point of the path to aim at, > 0.
        move: False keeps the centres.

    Returns:
        None when the linear system is singular.
    """
    n = pair.shape[0]
    stiff, stiff_wall = pair / slack.pair, wall / slack.wall
    aim, aim_wall = barrier / slack.pair, barrier / slack.wall
    np.fill_diagonal(aim, 0.0)
    pull = np.array(
        [
            (aim * slack.ux).sum(axis=1) + aim_wall[0] - aim_wall[1],
            (aim * slack.uy).sum(axis=1) + aim_wall[2] - aim_wall[3],
            1.0 - aim.sum(axis=1) - aim_wall[:4].sum(axis=0) + aim_wall[4],
        ]
    )
    matrix = _normal_matrix(slack, stiff, stiff_wall)
    try:
        if move:
            step = np.linalg.solve(matrix.reshape(3 * n, 3 * n), pull.ravel()).reshape(3, n)
        else:
            step = np.zeros((3, n))
            step[2] = np.linalg.solve(matrix[2, :, 2], pull[2])
    except np.linalg.LinAlgError:
        return None
    x, y, r = step
    change = slack.ux * (x[:, None] - x) + slack.uy * (y[:, None] - y) - (r[:, None] + r)
    np.fill_diagonal(change, 0.0)
    change_wall = np.array([x - r, -x - r, y - r, -y - r, r])
    pair_step, wall_step = aim - pair - stiff * change, aim_wall - wall - stiff_wall * change_wall
    reach = _reach((change / slack.pair).min(), (change_wall / slack.wall).min())
    np.fill_diagonal(pair, 1.0)
    dual_reach = _reach((pair_step / pair).min(), (wall_step / wall).min())
    np.fill_diagonal(pair, 0.0)
    return step, pair_step, wall_step, reach, dual_reach


def _reach(*relative: float) -> float:
    """Return the fraction of a step that keeps every quantity positive, given its smallest relative changes."""
    return min(1.0, 0.99 / max(-min(relative), 1e-9))


def _normal_matrix(slack: _Slack, stiff: Array, wall: Array) -> Array:
    """Return J'DJ of the linearised constraints as a (3, n, 3, n) array: x, y, radius by circle, twice."""
    n = stiff.shape[0]
    own = np.arange(n)
    along_x, along_y = stiff * slack.ux, stiff * slack.uy
    xx, xy, yy = along_x * slack.ux, along_x * slack.uy, along_y * slack.uy
    matrix = np.empty((3, n, 3, n))
    matrix[0, :, 0] = -xx
    matrix[0, own, 0, own] = xx.sum(axis=1) + wall[0] + wall[1]
    matrix[0, :, 1] = -xy
    matrix[0, own, 1, own] = xy.sum(axis=1)
    matrix[1, :, 1] = -yy
    matrix[1, own, 1, own] = yy.sum(axis=1) + wall[2] + wall[3]
    matrix[0, :, 2] = -along_x
    matrix[0, own, 2, own] = wall[1] - wall[0] - along_x.sum(axis=1)
    matrix[1, :, 2] = -along_y
    matrix[1, own, 2, own] = wall[3] - wall[2] - along_y.sum(axis=1)
    matrix[2, :, 2] = stiff
    matrix[2, own, 2, own] = stiff.sum(axis=1) + wall.sum(axis=0)
    matrix[1, :, 0] = matrix[0, :, 1].T
    matrix[2, :, 0] = matrix[0, :, 2].T
    matrix[2, :, 1] = matrix[1, :, 2].T
    return matrix

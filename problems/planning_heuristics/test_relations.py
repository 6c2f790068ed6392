"""The building blocks of heuristics, against the same written with Python's sets, one state at a time."""

from __future__ import annotations

import inspect
import itertools
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from evolve_problems._shared.planning import HFF, LandmarkCount
from evolve_problems.planning_heuristics import primitives as blocks
from evolve_problems.planning_heuristics.choices import choices_of, distances
from evolve_problems.planning_heuristics.relations import Concept, JoinedState, Role, State
from evolve_problems.planning_heuristics.tasks import KnownTask, known_task, practice, vocabulary

from evolve.primitives import describe

DOMAINS = ("blocksworld", "gripper", "logistics", "rovers", "transport", "childsnack")
Things = frozenset[str]
Pairs = frozenset[tuple[str, str]]
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: inspect.unwrap(getattr(blocks, name))
    for name in blocks.__all__
    if hasattr(getattr(blocks, name), "__primitive_cost__")
}


def walk(known: KnownTask, count: int, rng: random.Random) -> list[int]:
    """Return states on a random walk from the initial state, that one included."""
    states = [known.task.initial_state]
    while len(states) < count:
        states.append(rng.choice(known.task.successors(states[-1]) or [(0, known.task.initial_state)])[1])
    return states


def things(value: Concept, row: int, names: tuple[str, ...]) -> Things:
    return frozenset(name for name, inside in zip(names, value.table()[row], strict=True) if inside)


def pairs(value: Role, row: int, names: tuple[str, ...]) -> Pairs:
    table = value.table()[row]
    return frozenset((names[i], names[j]) for i, j in zip(*np.nonzero(table), strict=True))


def closed(role: Pairs) -> Pairs:
    found = set(role)
    while more := {(a, d) for a, b in found for c, d in role if b == c} - found:
        found |= more
    return frozenset(found)


def steps(role: Pairs, start: str, end: str, count: int) -> int:
    """Return the length of the shortest way, or the number of objects if there is none."""
    reached, length = {start}, 0
    while end not in reached:
        further = reached | {b for a, b in role if a in reached}
        if further == reached:
            return count
        reached, length = further, length + 1
    return length


def led(role: Pairs, start: str) -> Things:
    return frozenset(b for a, b in role if a == start)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("count", [1, 3, 64, 70])
def test_leaves_hold_the_atoms_of_each_state_of_the_goal_and_of_the_static_facts(domain: str, count: int) -> None:
    known = known_task(domain, 3, 1)
    task = known.task
    states = walk(known, count, random.Random(7))
    batch = known.batch(states)
    goal = [task.facts[place] for place in task.goal]
    for row in (0, count - 1):
        atoms = [*task.atoms_of(states[row]), *task.static_atoms]
        for name in vocabulary(domain)["Binary"]:
            wanted = {atom[1:] for atom in atoms if atom[0] == name}
            if "." in name:
                base, (i, j) = name.split(".")[0], map(int, name.split(".")[1])
                wanted = {(atom[i], atom[j]) for atom in atoms if atom[0] == base}
            assert pairs(FUNCTIONS["role"](batch, name), row, task.objects) == wanted
            in_goal = {atom[1:] for atom in goal if atom[0] == name}
            assert pairs(FUNCTIONS["goal_role"](batch, name), row, task.objects) == in_goal
        for name in vocabulary(domain)["Unary"]:
            found = things(FUNCTIONS["concept"](batch, name), row, task.objects)
            typed = {one for one, kinds in zip(task.objects, task.types, strict=True) if name in kinds}
            unary = {atom[1] for atom in atoms if atom[0] == name and len(atom) == 2}
            everywhere = set(task.objects) if (name,) in atoms else set()
            assert found == typed | unary | everywhere
        unmet = sum(atom not in atoms for atom in goal)
        assert np.broadcast_to(FUNCTIONS["unmet_goals"](batch), (count,))[row] == unmet


@pytest.mark.parametrize("seed", range(4))
def test_operations_on_sets_and_roles_are_those_of_set_theory(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, states = 7, 66
    names = tuple("abcdefg")
    a, b = (Concept(_words(rng.random((size, states)) < 0.4), states) for _ in range(2))
    r, s = (Role(_words(rng.random((size, size, states)) < 0.2), states) for _ in range(2))
    f = FUNCTIONS
    values = {
        "nonempty": f["nonempty"](f["both"](a, b)),
        "distance": f["distance"](a, r, b),
        "count": f["count"](a),
        "size": f["size"](r),
    }
    for row in (0, 13, 63, 64, 65):
        one, two = things(a, row, names), things(b, row, names)
        p, q = pairs(r, row, names), pairs(s, row, names)
        sets = {
            "both": (f["both"](a, b), one & two),
            "either": (f["either"](a, b), one | two),
            "minus": (f["minus"](a, b), one - two),
            "complement": (f["complement"](a), set(names) - one),
            "some": (f["some"](r, a), {x for x in names if led(p, x) & one}),
            "every": (f["every"](r, a), {x for x in names if led(p, x) <= one}),
            "same": (f["same"](r, s), {x for x in names if led(p, x) == led(q, x)}),
        }
        for name, (found, wanted) in sets.items():
            assert things(found, row, names) == wanted, name
        roles = {
            "both_roles": (f["both_roles"](r, s), p & q),
            "either_roles": (f["either_roles"](r, s), p | q),
            "minus_roles": (f["minus_roles"](r, s), p - q),
            "inverse": (f["inverse"](r), {(y, x) for x, y in p}),
            "restrict": (f["restrict"](r, a), {(x, y) for x, y in p if y in one}),
            "compose": (f["compose"](r, s), {(x, z) for x, y in p for w, z in q if y == w}),
            "plus": (f["plus"](r), closed(p)),
        }
        for name, (relation, expected) in roles.items():
            assert pairs(relation, row, names) == expected, name
        assert values["count"][row] == len(one)
        assert values["size"][row] == len(p)
        assert values["nonempty"][row] == bool(one & two)
        ways = [steps(p, x, y, size) for x, y in itertools.product(one, two)]
        assert values["distance"][row] == min(ways, default=size)


@pytest.mark.parametrize(("domain", "along"), [("transport", "road"), ("blocksworld", "on"), ("sokoban", "next.12")])
def test_journeys_are_sums_of_shortest_ways_along_a_predicate(domain: str, along: str) -> None:
    known = known_task(domain, 3, 302)
    names = known.task.objects
    batch = known.batch(walk(known, 6, random.Random(2)))
    (wanted,) = vocabulary(domain)["GoalBinary"]
    at, goal = FUNCTIONS["role"](batch, wanted), FUNCTIONS["goal_role"](batch, wanted)
    trips = FUNCTIONS["compose"](FUNCTIONS["inverse"](at), goal)
    found = FUNCTIONS["journeys"](trips, batch, along)
    for row in range(6):
        road = pairs(FUNCTIONS["role"](batch, along), row, names)
        assert found[row] == sum(steps(road, a, b, len(names)) for a, b in pairs(trips, row, names))


def test_a_product_in_pieces_is_the_product(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    r, s = (Role(_words(rng.random((9, 9, 20)) < 0.2), 20) for _ in range(2))
    whole = FUNCTIONS["compose"](r, s).table()
    monkeypatch.setattr(blocks, "_MOST_WORDS", 0)
    assert np.array_equal(FUNCTIONS["compose"](r, s).table(), whole)


@pytest.mark.parametrize("domain", DOMAINS)
def test_any_program_says_the_same_of_a_batch_of_joined_batches_and_of_plain_data(domain: str) -> None:
    rng = random.Random(5)
    knowns = [known_task(domain, 2, seed) for seed in (300, 301)]
    lists = [walk(known, 9, rng) for known in knowns]
    joined = JoinedState([known.batch(states) for known, states in zip(knowns, lists, strict=True)])
    for _ in range(20):
        make = _random_program(domain, rng)
        together = _values(make, joined, 18)
        for place, (known, states) in enumerate(zip(knowns, lists, strict=True)):
            alone = _values(make, known.batch(states), 9)
            assert np.array_equal(alone, together[9 * place : 9 * place + 9], equal_nan=True)
            plain = make(known.plain(states[4]))
            assert isinstance(plain, float)
            assert plain == alone[4] or (math.isnan(plain) and math.isnan(alone[4]))


def test_blocks_never_raise_and_write_into_nothing() -> None:
    rng = random.Random(11)
    for domain in DOMAINS:
        known = known_task(domain, 3, 1)
        batch = known.batch(walk(known, 5, rng))
        before = {name: batch.role(name).words.copy() for name in vocabulary(domain)["Binary"]}
        for _ in range(40):
            _random_program(domain, rng)(batch)
        for name, words in before.items():
            assert np.array_equal(batch.role(name).words, words)
    for name, (x, y) in itertools.product(
        ("add", "subtract", "multiply", "maximum"), itertools.product((np.inf, -np.inf, np.nan, 1e308, -3.0), repeat=2)
    ):
        FUNCTIONS[name](np.array([x]), y)


def test_heuristics_of_planners_are_offered_in_the_judge_s_own_process_only() -> None:
    known = known_task("gripper", 3, 1)
    states = walk(known, 6, random.Random(1))
    batch = known.batch(states)
    for name, make in {"ff": HFF, "landmarks": LandmarkCount}.items():
        assert FUNCTIONS["estimate"](batch, name).tolist() == make(known.task)(states)
        assert FUNCTIONS["estimate"](known.plain(states[0]), name) == 0.0
    assert blocks.choices("gripper")["Estimate"] == ()
    assert blocks.choices("gripper", estimates=True)["Estimate"] == ("ff", "landmarks")


# --- practice on tiny tasks -----------------------------------------------------------------------------------------


def test_distances_are_those_of_shortest_plans() -> None:
    known = known_task("gripper", 2, 300)
    exact = distances(known.task, 1000)
    assert exact is not None
    for state, far in exact.items():
        nearest = min((exact.get(after, math.inf) for _, after in known.task.successors(state)), default=math.inf)
        assert far == (0 if known.task.is_goal(state) else nearest + 1)
    assert distances(known.task, len(exact) - 1) is None


@pytest.mark.parametrize("domain", ["blocksworld", "gripper", "transport"])
def test_exact_distances_choose_and_order_perfectly_and_constants_order_nothing(domain: str) -> None:
    tiny = practice(domain)
    exact: dict[int, dict[int, int]] = {}
    values = []
    for rows in tiny.rows:
        found = []
        for known, state in rows:
            if id(known) not in exact:
                exact[id(known)] = distances(known.task, 20_000) or {}
            found.append(float(exact[id(known)].get(state, 10**6)))
        values.append(np.array(found))
    assert tiny.accuracy(values) == (1.0, 1.0)
    assert tiny.accuracy([-one for one in values])[1] == 0.0
    chosen, ordered = tiny.accuracy([np.zeros(len(one)) for one in values])
    assert ordered == 0.5
    assert 0.0 < chosen < 0.6


def test_states_at_all_distances_take_part_in_practice() -> None:
    known = known_task("blocksworld", 5, 300)
    exact = distances(known.task, 20_000)
    found = choices_of(known.task, per_level=3, pairs=10, most=20_000)
    assert exact is not None
    assert found is not None
    assert {exact[found.states[start]] for start in found.starts} == set(exact.values()) - {0, 1}


def _words(table: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    from evolve_problems.planning_heuristics.relations import pack

    return pack(table)


def _values(make: Callable[[Any], Any], batch: State, count: int) -> np.ndarray[Any, Any]:
    return np.broadcast_to(np.asarray(make(batch), dtype=np.float64), (count,))


def _random_program(domain: str, rng: random.Random, calls: int = 12) -> Callable[[Any], Any]:
    """Return a program of random calls; its result is the sum of all numbers that it made."""
    texts = blocks.choices(domain)
    plan: list[tuple[str, list[Any]]] = []
    types = {"State": [-1]}
    for place in range(calls):
        usable = [
            described
            for described in map(describe, (getattr(blocks, name) for name in FUNCTIONS))
            if all(p.type in types or texts.get(p.type) or p.type in ("int", "float") for p in described.parameters)
        ]
        chosen = rng.choice(usable)
        arguments: list[Any] = []
        for parameter in chosen.parameters:
            if texts.get(parameter.type):
                arguments.append(("text", rng.choice(texts[parameter.type])))
            elif parameter.type == "int":
                arguments.append(("number", rng.randint(2, 9)))
            elif parameter.type == "float" and "float" not in types:
                arguments.append(("number", rng.uniform(-2.0, 2.0)))
            else:
                arguments.append(("value", rng.choice(types[parameter.type])))
        plan.append((chosen.name, arguments))
        types.setdefault(chosen.returns, []).append(place)

    def run(state: Any) -> Any:
        made: dict[int, Any] = {-1: state}
        total: Any = 0.0
        for place, (name, arguments) in enumerate(plan):
            given = [made[value] if kind == "value" else value for kind, value in arguments]
            made[place] = FUNCTIONS[name](*given)
            if place in types.get("float", []):
                with np.errstate(all="ignore"):
                    total = total + made[place]
        return total

    return run

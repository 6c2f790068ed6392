"""Variation of typed trees: the operators of genetic programming, DEAP's where it has them.

Reference: Fortin et al., "DEAP: evolutionary algorithms made easy", JMLR 13, 2012.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deap import gp
from numpy.random import Generator

from evolve_plugins.mutators.grammar import Grammar, Nodes, borrowed_random

__all__ = ["fresh", "sound", "vary"]

_WEIGHTS = {"point": 3.0, "subtree": 2.0, "mate": 2.0, "loop": 1.0, "wrap": 1.0, "shrink": 1.0}


def fresh(grammar: Grammar, size: int, rng: Generator) -> Nodes:
    """Return a random sound program of about `size` nodes; half of them end in a loop where the types allow one."""
    name = grammar.blocks.returns
    looped = grammar.has(f"loop:{name}@") and rng.random() < 0.5
    for _ in range(50):
        tree = grammar.grow(grammar.root, size // 2 if looped else size, rng)
        if looped:
            tree = _looped(grammar, tree, name, "", size // 2, rng)
        if sound(tree):
            return tree
    return tree


def vary(grammar: Grammar, tree: Nodes, mate: Nodes | None, rng: Generator, wanted: str = "") -> tuple[str, Nodes]:
    """Return the name of the operator and a changed copy of a tree (perhaps unsound, perhaps equal)."""
    names = [name for name in _WEIGHTS if name != "mate" or mate is not None]
    weights = [_WEIGHTS[name] for name in names]
    name = wanted or names[int(rng.choice(len(names), p=[w / sum(weights) for w in weights]))]
    copy = gp.PrimitiveTree(tree)
    if name == "point":
        return name, _point(grammar, copy, rng)
    if name == "mate" and mate is not None:
        return name, _mate(copy, mate, rng)
    if name == "shrink":
        with borrowed_random(rng):
            return name, list(gp.mutShrink(copy)[0])
    if name == "loop":
        return name, _loop_somewhere(grammar, copy, rng)
    if name == "wrap":
        return name, _wrap(grammar, copy, rng)
    with borrowed_random(rng):
        return "subtree", list(gp.mutUniform(copy, lambda pset, type_: _regrow(grammar, type_, rng), grammar.pset)[0])


def sound(tree: Sequence[Any], nesting: int = 2) -> bool:
    """Tell whether every loop uses its running value, and loops are not nested deeper than `nesting`."""
    copy = gp.PrimitiveTree(tree)
    depth = [0] * len(copy)
    for index, node in enumerate(copy):
        if node.name.startswith("loop:"):
            start = copy.searchSubtree(index + 2)
            body = copy.searchSubtree(start.stop)
            inside = copy[body]
            if len(inside) < 2 or not any(n.name.startswith("running:") and n.ret is inside[0].ret for n in inside):
                return False
            if inside[0].name.startswith("loop:") and node.name.split("@")[0] == inside[0].name.split("@")[0]:
                return False
            for at in range(body.start, body.stop):
                depth[at] += 1
    return max(depth) <= nesting


def _regrow(grammar: Grammar, kind: type, rng: Generator) -> Nodes:
    return grammar.grow(kind, grammar.least(kind) + int(rng.integers(0, 12)), rng)


def _point(grammar: Grammar, tree: Any, rng: Generator) -> Nodes:
    """Change literals nearby (one, and each other one rarely), or put another block of the same signature."""
    literals = [
        i for i, n in enumerate(tree) if n.arity == 0 and n.ret in grammar.constants and not isinstance(n.value, str)
    ]
    if literals and rng.random() < 0.8:
        chosen = {literals[int(rng.integers(len(literals)))]} | {i for i in literals if rng.random() < 0.15}
        for index in sorted(chosen):
            kind = tree[index].ret
            constant = grammar.constants[kind]
            value = constant.near(tree[index].value, rng) if rng.random() < 0.7 else constant.draw(rng)
            tree[index] = grammar.literal(kind, value)
        return list(tree)
    with borrowed_random(rng):
        index = int(rng.integers(len(tree)))
        node = tree[index]
        if node.arity:
            same = [p for p in grammar.pset.primitives[node.ret] if p.args == node.args and p is not node]
            same = [p for p in same if not p.name.startswith(("baked:", "loop:"))]
            if same and not node.name.startswith(("baked:", "loop:")):
                tree[index] = same[int(rng.integers(len(same)))]
    return list(tree)


def _mate(tree: Any, mate: Nodes, rng: Generator) -> Nodes:
    other = gp.PrimitiveTree(mate)
    pairs = [
        (i, j)
        for i, mine in enumerate(tree)
        for j, theirs in enumerate(other)
        if mine.ret is theirs.ret and (mine.arity or theirs.arity)
    ]
    if pairs:
        i, j = pairs[int(rng.integers(len(pairs)))]
        tree[tree.searchSubtree(i)] = list(other[other.searchSubtree(j)])
    return list(tree)


def _carriers(grammar: Grammar, tree: Any) -> list[tuple[int, str, str]]:
    """Return the places of a tree whose value a loop could carry: index, type name, loop around it."""
    places = []
    for loop in ("", *grammar.loops):
        for name in grammar.loops:
            kind = grammar.kind(name, loop)
            places += [(i, name, loop) for i, node in enumerate(tree) if node.ret is kind]
    return places


def _looped(grammar: Grammar, start: Sequence[Any], name: str, loop: str, size: int, rng: Generator) -> Nodes:
    count_kind = grammar.kind_named("count")
    count = grammar.literal(count_kind, grammar.constants[count_kind].draw(rng))
    return [grammar.node(f"loop:{name}@{loop}"), count, *start, *grammar.step(name, size, rng)]


def _loop_somewhere(grammar: Grammar, tree: Any, rng: Generator) -> Nodes:
    places = _carriers(grammar, tree)
    if places:
        index, name, loop = places[int(rng.integers(len(places)))]
        part = tree.searchSubtree(index)
        tree[part] = _looped(grammar, tree[part], name, loop, 10, rng)
    return list(tree)


def _wrap(grammar: Grammar, tree: Any, rng: Generator) -> Nodes:
    index = int(rng.integers(len(tree)))
    kind, part = tree[index].ret, tree.searchSubtree(index)
    hosts = [p for p in grammar.pset.primitives[kind] if kind in p.args and not p.name.startswith(("baked:", "loop:"))]
    if not hosts:
        return list(tree)
    host = hosts[int(rng.integers(len(hosts)))]
    slots = [i for i, argument in enumerate(host.args) if argument is kind]
    slot = slots[int(rng.integers(len(slots)))]
    nodes = [host]
    for position, argument in enumerate(host.args):
        nodes += list(tree[part]) if position == slot else _regrow(grammar, argument, rng)
    tree[part] = nodes
    return list(tree)

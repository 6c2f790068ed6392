"""Edits of expressions: constants, operators, comparisons, names, arguments. Each tells whether it changed anything."""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence

from evolve_plugins.mutators.inference import fits
from evolve_plugins.mutators.literals import around
from evolve_plugins.mutators.workbench import Site, Workbench

__all__ = ["argument", "comparison", "constant", "name", "operator"]

_ARITHMETIC: Sequence[type[ast.operator]] = (ast.Add, ast.Sub, ast.Mult, ast.Div)
_WHOLE: Sequence[type[ast.operator]] = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
_COMPARISONS: Sequence[type[ast.cmpop]] = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


def constant(bench: Workbench) -> bool:
    """Perturb or replace a number."""
    sites = [s for s in bench.sites() if isinstance(s.node, ast.Constant) and _is_number(s.node.value)]
    if not sites:
        return False
    site = bench.pick(sites)
    assert isinstance(site.node, ast.Constant)
    old, ranged = site.node.value, bench.ranged(site)
    assert isinstance(old, int | float)
    bounds = ranged or around(old)
    if bench.rng.random() < 0.75:
        new: int | float = bounds.near(old, bench.rng)
    elif ranged or bench.rng.random() < 0.6:
        new = bounds.draw(bench.rng)
    else:
        new = type(old)(bench.pick((0, 1, 2, -old, 2 * old)))
    site.put(ast.Constant(new) if new >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-new)))
    return new != old


def operator(bench: Workbench) -> bool:
    """Put another arithmetic or Boolean operator, or swap the sides."""
    nodes = [n for n in bench.source.nodes() if isinstance(n, ast.BinOp | ast.AugAssign | ast.BoolOp) and _swappable(n)]
    if not nodes:
        return False
    node = bench.pick(nodes)
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return True
    if isinstance(node, ast.BinOp) and bench.rng.random() < 0.2:
        node.left, node.right = node.right, node.left
        return not isinstance(node.op, ast.Add | ast.Mult)
    whole = isinstance(node.op, ast.FloorDiv | ast.Mod)
    others = [op for op in (_WHOLE if whole else _ARITHMETIC) if not isinstance(node.op, op)]
    node.op = bench.pick(others)()
    return True


def comparison(bench: Workbench) -> bool:
    """Put another comparison, or negate a condition."""
    compared = [
        n for n in bench.source.nodes() if isinstance(n, ast.Compare) and isinstance(n.ops[0], tuple(_COMPARISONS))
    ]
    if not compared:
        return False
    node = bench.pick(compared)
    node.ops[0] = bench.pick([op for op in _COMPARISONS if not isinstance(node.ops[0], op)])()
    return True


def name(bench: Workbench) -> bool:
    """Put another name of the same type."""
    sites = [s for s in bench.sites() if isinstance(s.node, ast.Name)]
    bench.rng.shuffle(sites)
    for site in sites:
        assert isinstance(site.node, ast.Name)
        wanted, present = bench.type_at(site), site.node.id
        names = [n for n, found in site.types.items() if n != present and fits(found, wanted)]
        if names:
            site.put(ast.Name(bench.pick(names), ast.Load()))
            return True
    return False


def argument(bench: Workbench) -> bool:
    """Put another expression of equal type: one from elsewhere in the function, a primitive's, or a changed number."""
    sites = [s for s in bench.sites() if bench.type_at(s) not in ("", "bool", "str", "range")]
    if not sites:
        return False
    site = bench.pick(sites)
    wanted, types = bench.type_at(site), site.types
    choices: list[ast.expr] = [
        copy.deepcopy(other.node)
        for other in sites
        if other.scope is site.scope
        and fits(bench.type_at(other), wanted)
        and ast.dump(other.node) != ast.dump(site.node)
        and _names(other.node) <= set(types)
    ]
    made = bench.call(wanted, types)
    if made is not None:
        choices += [made] * max(1, len(choices))
    if wanted in ("int", "float"):
        choices += [_changed_number(bench, site, wanted) for _ in range(max(1, len(choices) // 2))]
    if not choices:
        return False
    site.put(bench.pick(choices))
    return True


def _changed_number(bench: Workbench, site: Site, wanted: str) -> ast.expr:
    old = copy.deepcopy(site.node)
    if wanted == "int":
        return ast.BinOp(old, bench.pick((ast.Add, ast.Sub))(), ast.Constant(1))
    others = [n for n, found in site.types.items() if found == "float"]
    factor = float(f"{abs(1.0 + 0.3 * float(bench.rng.normal())):.3g}")
    right: ast.expr = (
        ast.Name(bench.pick(others), ast.Load()) if others and bench.rng.random() < 0.5 else ast.Constant(factor)
    )
    if bench.rng.random() < 0.2:
        return ast.Call(ast.Name(bench.pick(("min", "max")), ast.Load()), [old, right], [])
    return ast.BinOp(old, bench.pick(_ARITHMETIC[:3])(), right)


def _names(node: ast.AST) -> set[str]:
    calls = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in calls}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _swappable(node: ast.BinOp | ast.AugAssign | ast.BoolOp) -> bool:
    if any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in ast.iter_child_nodes(node)):
        return False
    return isinstance(node.op, ast.And | ast.Or | ast.Add | ast.Sub | ast.Mult | ast.Div | ast.FloorDiv | ast.Mod)

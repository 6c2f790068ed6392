"""Edits of statements: delete, duplicate, swap, wrap, loop counts, calls of primitives."""

from __future__ import annotations

import ast
import copy

from evolve_plugins.mutators.workbench import Block, Workbench

__all__ = ["count", "delete", "duplicate", "primitive", "swap", "wrap"]


def delete(bench: Workbench) -> bool:
    """Delete a statement, but no function and not the last `return` of one."""
    places = [
        (b, i) for b in bench.lists() for i, s in enumerate(b.statements) if len(b.statements) > 1 and _loose(b, s)
    ]
    if not places:
        return False
    block, index = bench.pick(places)
    del block.statements[index]
    return True


def duplicate(bench: Workbench) -> bool:
    """Run a statement twice in a row."""
    places = [(b, i) for b in bench.lists() for i, s in enumerate(b.statements) if _loose(b, s) and not _ends(s)]
    if not places:
        return False
    block, index = bench.pick(places)
    block.statements.insert(index, copy.deepcopy(block.statements[index]))
    return True


def swap(bench: Workbench) -> bool:
    """Exchange two neighbouring statements."""
    places = [
        (b, i)
        for b in bench.lists()
        for i in range(len(b.statements) - 1)
        if not _ends(b.statements[i]) and not _ends(b.statements[i + 1])
    ]
    if not places:
        return False
    block, i = bench.pick(places)
    block.statements[i], block.statements[i + 1] = block.statements[i + 1], block.statements[i]
    return True


def wrap(bench: Workbench) -> bool:
    """Put a statement into a counted loop, or under a condition on two numbers in scope."""
    places = [
        (b, i) for b in bench.lists() for i, s in enumerate(b.statements) if isinstance(s, ast.Assign | ast.AugAssign)
    ]
    if not places:
        return False
    block, index = bench.pick(places)
    inner = block.statements[index]
    types = block.scope.before(inner.lineno)
    numbers = [n for n, found in types.items() if found in ("int", "float")]
    known = _target(inner) in types or isinstance(inner, ast.AugAssign)
    if len(numbers) >= 2 and known and bench.rng.random() < 0.5:
        left, right = (ast.Name(numbers[int(i)], ast.Load()) for i in bench.rng.permutation(len(numbers))[:2])
        test = ast.Compare(left, [bench.pick((ast.Lt, ast.Gt))()], [right])
        block.statements[index] = ast.If(test, [inner], [])
        return True
    repeat = ast.Call(ast.Name("range", ast.Load()), [ast.Constant(int(bench.rng.integers(2, 9)))], [])
    block.statements[index] = ast.For(ast.Name("_", ast.Store()), repeat, [inner], [])
    return True


def count(bench: Workbench) -> bool:
    """Change how often a counted loop turns."""
    calls = [
        n.iter
        for n in bench.source.nodes()
        if isinstance(n, ast.For)
        and isinstance(n.iter, ast.Call)
        and ast.unparse(n.iter.func) == "range"
        and n.iter.args
    ]
    if not calls:
        return False
    call = bench.pick(calls)
    at = 0 if len(call.args) == 1 else 1
    old = call.args[at]
    if isinstance(old, ast.Constant) and isinstance(old.value, int):
        new = max(1, round(old.value * 2.0 ** float(bench.rng.normal())) + int(bench.rng.integers(-1, 2)))
        call.args[at] = ast.Constant(new)
        return bool(new != old.value)
    call.args[at] = ast.BinOp(
        old, bench.pick((ast.Add, ast.Sub, ast.Mult))(), ast.Constant(int(bench.rng.integers(1, 4)))
    )
    return True


def primitive(bench: Workbench) -> bool:
    """Assign a primitive's result to a variable of its type, or return it instead of the present value."""
    blocks = bench.blocks
    if blocks is None:
        return False
    lists = bench.lists()
    if not lists:
        return False
    block = bench.pick(lists)
    index = int(bench.rng.integers(len(block.statements)))
    at = block.statements[index]
    types = block.scope.before(at.lineno)
    if isinstance(at, ast.Return) and block.function.name == blocks.entry:
        call = bench.call(blocks.returns, types)
        if call is None:
            call = _nested(bench, blocks.returns, types)
        if call is None:
            return False
        block.statements[index] = ast.Return(call)
        return True
    kinds = {b.returns for b in blocks.primitives}
    targets = [name for name, found in types.items() if found in kinds]
    if not targets:
        return False
    target = bench.pick(targets)
    call = bench.call(types[target], types)
    if call is None:
        return False
    block.statements.insert(index, ast.Assign([ast.Name(target, ast.Store())], call, lineno=at.lineno))
    return True


def _nested(bench: Workbench, returns: str, types: dict[str, str]) -> ast.Call | None:
    """Return a call whose missing arguments are made by further primitives, one level deep."""
    assert bench.blocks is not None
    for block in bench.blocks.returning(returns):
        arguments = [bench.argument(p, types) or bench.call(p.type, types) for p in block.parameters]
        if all(a is not None for a in arguments):
            return ast.Call(ast.Name(block.name, ast.Load()), [a for a in arguments if a is not None], [])
    return None


def _loose(block: Block, statement: ast.stmt) -> bool:
    last = block.statements is block.function.body and statement is block.statements[-1]
    return not isinstance(statement, ast.FunctionDef | ast.Import | ast.ImportFrom) and not last


def _ends(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return | ast.Break | ast.Continue | ast.Raise)


def _target(statement: ast.stmt) -> str:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""

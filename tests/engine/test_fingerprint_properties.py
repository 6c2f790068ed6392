"""Source keys under random changes: harmless ones keep the key, and equal keys mean equal answers."""

from __future__ import annotations

import ast
import io
import itertools
import keyword
import random
import string
import tokenize

from hypothesis import given, settings
from hypothesis import strategies as st

from evolve import Program
from evolve.fingerprint import source_key

TEMPLATE = '''{imports}

{table} = {{3: [0.1, 0.2], 4: (1, -0.0)}}

def {helper}({p}, {q}=2):
    """Add things up."""
    {total} = 0.0
    for {i}, {item} in enumerate({p}):
        {total} += {item} * {q} - {i}
    return {total}

def pack(n, scale=1.5):
    {rng} = {numpy}.random.default_rng(42)
    {values} = [{each} * 0.5 + {m}.sqrt(2) for {each} in range(n) if {each} % 2 == 0]
    def {inner}({arg}):
        nonlocal {values}
        {values} = {values} + [{arg}]
        return {helper}({values}, 3)
    {values} = sorted({values}, key=lambda {key}: -{key})
    try:
        {best} = {inner}(scale) + {floor}({rng}.random())
    except ValueError as {error}:
        {best} = len({error}.args)
    return {best}, {table}.get(n), {values}
'''
SLOTS = sorted({part[1] for part in string.Formatter().parse(TEMPLATE) if part[1]} - {"imports"})
NAMES = [
    "a",
    "b2",
    "_c",
    "data",
    "x",
    "y",
    "z0",
    "ns",
    "l",
    "total",
    "pack2",
    "it",
    "value",
    "é",
    "w",
    "tmp",
    "np",
    "k",
]
COMMENTS = ["# nothing", "# TODO: x = 1", "#" * 40]


def key(text: str, entry: str = "pack") -> str:
    return source_key(Program({"program.py": text}), entry)


def written(names: dict[str, str], order: tuple[int, ...] = (0, 1, 2, 3), comments: tuple[int, ...] = ()) -> str:
    lines = [
        f"import numpy as {names['numpy']}",
        f"import math as {names['m']}",
        f"from math import floor as {names['floor']}",
        "import random as unused",
    ]
    text = TEMPLATE.format(imports="\n".join(lines[i] for i in order), **names)
    body = text.splitlines()
    for place in comments:
        body[place % len(body)] += "  " + COMMENTS[place % len(COMMENTS)]
    return "\n".join(body) + "\n"


PLAIN = dict(zip(SLOTS, [f"name_{i}" for i in range(len(SLOTS))], strict=True))


@settings(max_examples=60, deadline=None)
@given(
    names=st.permutations(NAMES + [f"v{i}" for i in range(8)]),
    order=st.permutations(range(4)),
    comments=st.lists(st.integers(0, 200), max_size=5),
)
def test_renaming_commenting_and_reordering_imports_keeps_the_key(
    names: list[str], order: list[int], comments: list[int]
) -> None:
    other = dict(zip(SLOTS, names, strict=False))
    assert key(written(other, tuple(order), tuple(comments))) == key(written(PLAIN))


def test_changing_any_constant_or_operator_changes_the_key() -> None:
    text = written(PLAIN)
    keys = [key(text)]
    for place in itertools.count():
        mutant = mutated(text, place)
        if mutant is None:
            break
        keys.append(key(mutant))
    assert len(keys) > 20
    assert len(set(keys)) == len(keys)


def mutated(text: str, place: int) -> str | None:
    """Change the constant or operator at some place, counted from 0; None past the last one."""
    tree = ast.parse(text)
    swap: dict[type[ast.AST], ast.AST] = {
        ast.Add: ast.Sub(),
        ast.Sub: ast.Add(),
        ast.Mult: ast.Div(),
        ast.Mod: ast.FloorDiv(),
        ast.Eq: ast.NotEq(),
        ast.USub: ast.Invert(),
    }
    places = [
        node
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, int | float))
        or isinstance(node, ast.BinOp | ast.AugAssign | ast.UnaryOp | ast.Compare)
    ]
    if place >= len(places):
        return None
    node = places[place]
    if isinstance(node, ast.Constant):
        node.value += 7
    elif isinstance(node, ast.Compare):
        node.ops = [swap[type(node.ops[0])]]
    else:
        node.op = swap[type(node.op)]
    return ast.unparse(tree)


# --- no false merges --------------------------------------------------------------------------------------------------

_TRICKY = """
def f(n):
    a = n + 1
    b = a * 2
    c = [a for a in range(b)]
    def g(a, d=b):
        nonlocal c
        c = c + [d]
        return a + d
    e = g(3)
    return a, b, c, e
# next
x = 3
y = 4
def h(x, y=2):
    global z
    z = x + y
    return z - 1
def f(n):
    z = h(n, y=1)
    w = lambda v: v + x
    return z, w(2), x, y, last()
def last():
    return z
# next
from math import sqrt as r
class A:
    x = 1
    y = 2
    def m(self, x):
        y = 5
        return self.x + x + y
x = 7
def f(n):
    t = A()
    u = t.m(n)
    for i in range(3):
        u += i
        if u > 6:
            break
    else:
        u = r(u + 1)
    return u, x, A.y
# next
def f(n):
    s = 0
    t = 1
    for i, j in zip(range(n), range(1, n + 1)):
        s = s + i * j
        t = t - i
        k = 3
    try:
        q = s // (t + 2)
    except ZeroDivisionError as e:
        q = -1
    while t < 0:
        t += 2
        continue
        s = 0
    return s, t, q
    return n
# next
def o(p):
    q = p
    def i():
        nonlocal q
        q = q + 1
        return q
    def j():
        q = 5
        return q
    return i, j, q
def f(n):
    i, j, r = o(n)
    s = i() + j()
    t = i()
    del r
    return s, t
# next
import math
import math as m
from math import floor, ceil
K = 3
L = [1, 2]
def _p(u):
    return u
def f(n):
    def gen(k):
        for i in range(k):
            yield i * K
    x = sum(gen(n))
    y = max(L, key=lambda z: -z)
    match n:
        case 1:
            z = 5
        case [z, *w]:
            pass
        case int(q):
            z = q
    return x, y, z, m.floor(2.5) + ceil(x)
"""
TRICKY = _TRICKY.split("# next\n")


@settings(max_examples=150, deadline=None)
@given(base=st.sampled_from(TRICKY), seed=st.integers(0, 2**32))
def test_programs_with_equal_keys_answer_equally(base: str, seed: int) -> None:
    rng = random.Random(seed)
    variant = base
    for _ in range(rng.randint(1, 2)):
        variant = disturbed(variant, rng)
    if key(variant, "f") == key(base, "f"):
        assert answers(variant) == answers(base)


def disturbed(text: str, rng: random.Random) -> str:
    """Swap two names, rename some occurrences of one, or remove, swap or repeat lines; the result parses."""
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type == tokenize.NAME]
    names = [*sorted({t.string for t in tokens if not keyword.iskeyword(t.string)}), "new"]
    old, new = rng.choice(names), rng.choice(names)
    share = rng.choice([0.3, 1.0, 1.0])
    changes = [(t, new) for t in tokens if t.string == old and rng.random() < share]
    if rng.random() < 0.5:
        changes += [(t, old) for t in tokens if t.string == new]
    lines = text.splitlines(keepends=True)
    for token, word in sorted(changes, reverse=True, key=lambda change: change[0].start):
        row, column = token.start
        lines[row - 1] = lines[row - 1][:column] + word + lines[row - 1][token.end[1] :]
    if rng.random() < 0.3:
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[i], lines[j] = rng.choice([(lines[j], lines[i]), ("", lines[j]), (lines[i] + lines[j], lines[j])])
    changed = "".join(lines)
    try:
        compile(changed, "variant", "exec")
    except SyntaxError:
        return text
    return changed


def answers(text: str) -> list[str]:
    found = []
    for n in (0, 1, 3):
        space: dict[str, object] = {"__name__": "variant"}
        try:
            exec(compile(text, "variant", "exec"), space)
            found.append(repr(space["f"](n)))  # type: ignore[operator]
        except Exception as error:  # border: whatever the variant raises is its answer  # noqa: BLE001
            found.append(type(error).__name__)
    return found

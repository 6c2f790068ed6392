"""Problems of childsnack: a sandwich for every child, and just enough bread without gluten."""

from __future__ import annotations

import numpy as np

from .writing import Atom, Draft, names

__all__ = ["draft"]


def draft(size: int, rng: np.random.Generator) -> Draft:
    """Return a problem with `size` children, at least 1; trays and tables grow with it.

    There is bread without gluten for every allergic child, and bread for every other, so it has a solution.
    """
    children, trays, breads = names("child", size), names("tray", 1 + size // 6), names("bread", size)
    tables, sandwiches = names("table", 2 + size // 6), names("sandwich", size + size // 4)
    allergic = set(rng.permutation(size)[: (2 * size + 4) // 5].tolist())
    init: list[Atom] = []
    for index, child in enumerate(children):
        init.append(("allergic" if index in allergic else "tolerant", child))
        init.append(("waits-at", child, tables[rng.integers(len(tables))]))
    init += [("bread-left", bread) for bread in breads]
    init += [("bread-without-gluten", breads[index]) for index in rng.permutation(size)[: len(allergic)]]
    init += [("unmade", sandwich) for sandwich in sandwiches]
    init += [("tray-at", tray, "kitchen") for tray in trays]
    kinds = {"child": children, "tray": trays, "bread": breads, "sandwich": sandwiches, "place": tables}
    return Draft(kinds, init, [("served", child) for child in children])

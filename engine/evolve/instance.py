"""`Instance`: one thing that a program is judged on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Instance", "Split"]

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True, slots=True)
class Instance:
    """One thing to be judged on. A plain problem has one, a benchmark many, a curriculum makes new ones.

    Parameters read like attributes: `instance.n` is `instance.params["n"]`.

    Args:
        id: unique name within a run, such as "n26".
        params: plain data that the evaluator reads.
        split: search sees "train"; "validation" picks among finalists; "test" is only for reports.
        group: label for worst-group views.
        weight: expected cost relative to the cheapest instance, > 0.
        parents: ids of the instances it was made from.
        active: False once retired: kept in the record, no longer sampled.
    """

    id: str
    params: Mapping[str, Any] = field(default_factory=dict)
    split: Split = "train"
    group: str = ""
    weight: float = 1.0
    parents: tuple[str, ...] = ()
    active: bool = True

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name != "params":
            try:
                return self.params[name]
            except KeyError:
                pass
        raise AttributeError(f"instance {self.id!r} has no parameter {name!r}; it has {sorted(self.params)}")

"""Mutation and crossover of straight-line programs, on the program itself rather than on its text.

Reference: Chen et al., "Symbolic discovery of optimization algorithms", arXiv:2302.06675, 2023. Its variation is
insert, delete and argument, equally often, until a child passes: set the other weights to 0, and `edits` to 1. The
paper does not say how often an inserted statement gets a new name, nor how long programs may be; its share of
repeated programs comes with `fresh = 0.9` and `max_statements = 64`. Unlike there, `argument` may also change what is
returned. `grow`, `shrink`, `function`, `constant`, `cross`, `subtree` and `wrap` are the tree edits of genetic
programming on the same representation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from evolve.interfaces import Context, Mutator, ProblemFacts
from evolve.program import Program
from evolve.straight import NotStraight, Signature, StraightProgram, check, read, signature_of, write
from evolve.trial import Proposal, Trial
from evolve_plugins.mutators.straight_edits import EDITS, Editor

__all__ = ["StraightLine"]

Weight = Annotated[float, Field(ge=0)]


@dataclass
class StraightLine(Mutator):
    """Edits programs that only call a problem's primitives, without loops and branches.

    An edit is drawn by weight and tried on the parent until a child passes the type check; a child is always another
    program than its parent, though it may compute the same.

    Args:
        insert: weight of inserting a statement, whose value often nobody uses yet.
        delete: weight of deleting a statement.
        argument: weight of changing an argument or a result.
        constant: weight of changing a number or a choice.
        jitter: weight of changing all numbers a little.
        function: weight of calling another function of the same types.
        grow: weight of inserting a statement that is used at once.
        shrink: weight of putting an argument in place of a result.
        cross: weight of taking a part of another parent over.
        subtree: weight of a new expression of several statements in place of an argument: for primitives of many
            types, where a single new statement seldom finds its arguments.
        wrap: weight of calling a function of an argument and putting the result in its place.
        fresh: how often `insert` gives its value to a new name, rather than to one that has a value of that type and
            may be read further on.
        edits: most edits of one child; how many is drawn uniformly.
        max_statements: longest child, in statements.
        attempts: how often to try before giving up.
        prune: drop dead statements of the child.
    """

    name: ClassVar[str] = "straight_line"
    insert: Weight = 1.0
    delete: Weight = 1.0
    argument: Weight = 1.0
    constant: Weight = 1.0
    jitter: Weight = 0.0
    function: Weight = 0.5
    grow: Weight = 1.0
    shrink: Weight = 0.5
    cross: Weight = 0.5
    subtree: Weight = 0.0
    wrap: Weight = 0.0
    fresh: Annotated[float, Field(ge=0, le=1)] = 0.1
    edits: Annotated[int, Field(ge=1)] = 2
    max_statements: Annotated[int, Field(ge=1, le=256)] = 32
    attempts: Annotated[int, Field(ge=1)] = 50
    prune: bool = False
    purposes: ClassVar[frozenset[str]] = frozenset({"improve", "restart"})

    def unfit(self, problem: ProblemFacts) -> str:
        if problem.primitives is None:
            return "the problem offers no primitives"
        return "" if any(self._weights()) else "all weights are 0"

    async def propose(self, parents: Sequence[Trial], context: Context) -> Sequence[Proposal]:
        wanted = context.operator.partition(".")[2]
        label = f"{self.name}.{wanted}" if wanted else self.name
        numbers = tuple(parent.number for parent in parents)
        if reason := self.unfit(context.problem):
            return [Proposal.refused(label, reason, numbers)]
        assert context.problem.primitives is not None
        signature = signature_of(context.problem.primitives)
        try:
            family = list(parents[:1]) or [context.trial(0)]
            program = _read(family[0], signature)
        except LookupError:
            return [Proposal.refused(label, "there is no program to start from", numbers)]
        except NotStraight as error:
            return [Proposal.refused(label, f"the parent is no straight-line program: {error}", numbers)]
        mate = _mate(family[0], [*parents[1:], *context.inspirations], signature, context)
        editor = Editor(signature, context.rng, mate[1] if mate else None, self.fresh)
        rounds = 8 if context.purpose == "restart" else 1 + int(context.rng.random() * self.edits)
        found = self._child(program, editor, wanted, rounds)
        if found is None:
            return [Proposal.refused(label, f"no edit fits in {self.attempts} attempts", numbers)]
        child, edit = found
        main = family[0].program.main
        written = Program({main: write(child, signature.blocks)})
        if mate and edit == "cross":
            family.append(mate[0])
        return [Proposal(written, f"{self.name}.{edit}", tuple(p.number for p in family))]

    def _child(
        self, program: StraightProgram, editor: Editor, wanted: str, rounds: int
    ) -> tuple[StraightProgram, str] | None:
        """Return an edited program, and the name of its last edit."""
        weights = self._weights()
        names, total = list(EDITS), sum(weights)
        child, done = program, ""
        for _ in range(self.attempts):
            place = editor.rng.random() * total
            edit = wanted if wanted in EDITS else names[-1]
            for name, weight in zip(names, weights, strict=True):
                place -= weight
                if place < 0 and wanted not in EDITS:
                    edit = name
                    break
            changed = EDITS[edit](editor, child)
            if changed is not None and self.prune:
                changed = changed.pruned()
            if changed is None or changed == child or not self._passes(changed, editor.signature):
                continue
            child, done, rounds = changed, edit, rounds - 1
            if rounds == 0:
                break
        return None if not done or child == program else (child, done)

    def _passes(self, program: StraightProgram, signature: Signature) -> bool:
        if len(program.statements) > self.max_statements:
            return False
        try:
            check(program, signature)
        except NotStraight:
            return False
        return True

    def _weights(self) -> list[float]:
        return [getattr(self, name) for name in EDITS]


def _read(trial: Trial, signature: Signature) -> StraightProgram:
    program = trial.program
    if len(program.files) > 1:
        raise NotStraight("it has several files")
    return read(program.files[program.main], signature)


def _mate(
    first: Trial, others: Sequence[Trial], signature: Signature, context: Context
) -> tuple[Trial, StraightProgram] | None:
    mates = [trial for trial in others if trial.number != first.number]
    if not mates:
        return None
    mate = mates[int(context.rng.random() * len(mates))]
    try:
        return mate, _read(mate, signature)
    except NotStraight:
        return None

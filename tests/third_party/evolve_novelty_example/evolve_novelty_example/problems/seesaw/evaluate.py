"""How far the torque of three masses is from 12 kg m."""

from __future__ import annotations

from evolve import Candidate, Instance, Outcome


def evaluate(candidate: Candidate, instance: Instance) -> Outcome:
    masses = candidate.call("masses")
    if not isinstance(masses, list) or len(masses) != 3 or not all(isinstance(m, int | float) for m in masses):
        return Outcome.invalid("masses() must return three numbers")
    if not all(0 <= m <= 10 for m in masses):
        return Outcome.invalid("a mass must be from 0 to 10 kg")
    torque = sum(distance * m for distance, m in enumerate(masses, 1))
    return Outcome.ok(-abs(torque - 12), measures={"mass": sum(masses)}, solution=masses)

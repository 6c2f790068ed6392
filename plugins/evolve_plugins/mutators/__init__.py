"""Variation operators that need no model. Names only: a module loads when its operator is first used."""

from __future__ import annotations

__all__ = ["MUTATORS"]

MUTATORS: dict[str, str] = {
    "ast_edit": "evolve_plugins.mutators.ast_edit:AstEdit",
    "bake": "evolve_plugins.mutators.partial:Bake",
    "bandit": "evolve_plugins.mutators.bandit:Bandit",
    "constants": "evolve_plugins.mutators.constants:Constants",
    "crossover": "evolve_plugins.mutators.crossover:Crossover",
    "gp": "evolve_plugins.mutators.gp:GP",
    "graft": "evolve_plugins.mutators.graft:Graft",
    "numbers": "evolve_plugins.mutators.numbers:Numbers",
    "reseed": "evolve_plugins.mutators.partial:Reseed",
    "thaw": "evolve_plugins.mutators.partial:Thaw",
}

"""Variation operators. Names only: a module loads when its operator is first used."""

from __future__ import annotations

__all__ = ["MUTATORS"]

MUTATORS: dict[str, str] = {
    "ast_edit": "evolve_plugins.mutators.ast_edit:AstEdit",
    "bake": "evolve_plugins.mutators.partial:Bake",
    "bandit": "evolve_plugins.mutators.bandit:Bandit",
    "best_of_n": "evolve_plugins.mutators.llm.best_of_n:BestOfN",
    "constants": "evolve_plugins.mutators.constants:Constants",
    "critique_refine": "evolve_plugins.mutators.llm.critique_refine:CritiqueRefine",
    "crossover": "evolve_plugins.mutators.crossover:Crossover",
    "gp": "evolve_plugins.mutators.gp:GP",
    "graft": "evolve_plugins.mutators.graft:Graft",
    "idea": "evolve_plugins.mutators.llm.idea:IdeaFirst",
    "llm": "evolve_plugins.mutators.llm.model_bandit:ModelBandit",
    "llm_crossover": "evolve_plugins.mutators.llm.crossover:LlmCrossover",
    "llm_diff": "evolve_plugins.mutators.llm.diff:LlmDiff",
    "llm_fix": "evolve_plugins.mutators.llm.fix:LlmFix",
    "llm_from_scratch": "evolve_plugins.mutators.llm.from_scratch:LlmFromScratch",
    "llm_rewrite": "evolve_plugins.mutators.llm.rewrite:LlmRewrite",
    "meta_prompt": "evolve_plugins.mutators.llm.meta_prompt:MetaPrompt",
    "numbers": "evolve_plugins.mutators.numbers:Numbers",
    "reseed": "evolve_plugins.mutators.partial:Reseed",
    "straight_line": "evolve_plugins.mutators.straight_line:StraightLine",
    "thaw": "evolve_plugins.mutators.partial:Thaw",
}

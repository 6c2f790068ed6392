"""Variation operators. Names only: a module loads when its operator is first used."""

from __future__ import annotations

__all__ = ["MUTATORS"]

MUTATORS: dict[str, str] = {
    "ast_edit": "evolve_plugins.mutators.ast_edit:AstEdit",
    "bake": "evolve_plugins.mutators.partial:Bake",
    "bandit": "evolve_plugins.mutators.bandit:Bandit",
    "best_of_n": "evolve_plugins.mutators.best_of_n:BestOfN",
    "constants": "evolve_plugins.mutators.constants:Constants",
    "critique_refine": "evolve_plugins.mutators.critique_refine:CritiqueRefine",
    "crossover": "evolve_plugins.mutators.crossover:Crossover",
    "gp": "evolve_plugins.mutators.gp:GP",
    "graft": "evolve_plugins.mutators.graft:Graft",
    "idea": "evolve_plugins.mutators.idea:IdeaFirst",
    "llm": "evolve_plugins.mutators.llm:ModelBandit",
    "llm_crossover": "evolve_plugins.mutators.llm_crossover:LlmCrossover",
    "llm_diff": "evolve_plugins.mutators.llm_diff:LlmDiff",
    "llm_fix": "evolve_plugins.mutators.llm_fix:LlmFix",
    "llm_from_scratch": "evolve_plugins.mutators.llm_from_scratch:LlmFromScratch",
    "llm_rewrite": "evolve_plugins.mutators.llm_rewrite:LlmRewrite",
    "meta_prompt": "evolve_plugins.mutators.meta_prompt:MetaPrompt",
    "numbers": "evolve_plugins.mutators.numbers:Numbers",
    "reseed": "evolve_plugins.mutators.partial:Reseed",
    "thaw": "evolve_plugins.mutators.partial:Thaw",
}

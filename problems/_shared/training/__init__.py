"""Small training tasks in NumPy: `from evolve_problems._shared import training`. Trusted side only.

A task is a flat weight vector, noisy gradients and a loss; a rule says from a gradient how the weights move.
`digits.npz` holds 1,797 handwritten digits; `digits.py` says where they come from.
"""

from evolve_problems._shared.training.descent import Descent, Rule, descend
from evolve_problems._shared.training.tasks import TrainingTask, objective_of

__all__ = ["Descent", "Rule", "TrainingTask", "descend", "objective_of"]

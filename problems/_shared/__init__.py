"""What a family of problems shares: `from evolve_problems._shared import packing`. Trusted side only."""

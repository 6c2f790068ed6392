"""Strategies: what the run does next."""

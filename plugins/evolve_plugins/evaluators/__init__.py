"""Evaluators: how candidates are judged."""

"""Selectors: which of the kept trials become parents."""

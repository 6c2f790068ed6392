"""Operators that ask a language model, the prompts they send, and how they read what it answers."""

"""Gates: what a proposal must satisfy before it is evaluated."""

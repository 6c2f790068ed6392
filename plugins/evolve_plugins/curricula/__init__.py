"""Curricula: which instances of a stage a trial is judged on."""

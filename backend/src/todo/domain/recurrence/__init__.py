"""Recurrence rules: their grammar, and the dates of a series."""

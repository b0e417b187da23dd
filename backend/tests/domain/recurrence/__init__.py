"""Dates of recurrence rules."""

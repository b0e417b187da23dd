"""Occurrences of repeating tasks: completed, skipped and upcoming ones."""

"""Occurrences of repeating tasks."""

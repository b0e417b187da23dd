"""Schemas of the change log."""

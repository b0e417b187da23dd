"""Schemas of exports and imports."""

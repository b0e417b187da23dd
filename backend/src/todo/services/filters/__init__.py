"""Saved filters: expressions that select tasks, with names."""

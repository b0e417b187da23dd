"""Subtasks: the tree of the tasks of a user (ADR 0067)."""

"""Tests of `todo.core.database`."""

"""Tests of `todo.core.postgres`."""

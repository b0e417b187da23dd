"""Tests of `todo.core.limits`."""

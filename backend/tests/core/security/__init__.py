"""Tests of `todo.core.security`."""

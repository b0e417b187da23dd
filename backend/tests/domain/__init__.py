"""Tests of `todo.domain`."""

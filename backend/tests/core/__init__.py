"""Tests of `todo.core`."""

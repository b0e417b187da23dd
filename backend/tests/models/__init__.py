"""Tests of `todo.models`."""

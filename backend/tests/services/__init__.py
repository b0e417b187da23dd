"""Tests of `todo.services`."""

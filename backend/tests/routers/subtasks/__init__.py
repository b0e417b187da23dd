"""Tests of subtasks."""

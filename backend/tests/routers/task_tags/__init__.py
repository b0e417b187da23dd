"""Tests of the tags of tasks."""

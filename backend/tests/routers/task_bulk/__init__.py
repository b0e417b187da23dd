"""Tests of bulk writes of tasks."""

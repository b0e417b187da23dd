"""Tests of the parameter `filter` of lists of tasks."""

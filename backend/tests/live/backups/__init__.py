"""Tests of `todo backup` and `todo restore`."""

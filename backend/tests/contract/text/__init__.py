"""Tests of normalization, case folding, search and sort order."""

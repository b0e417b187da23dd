"""Tests of the statements of the trash and of the sweep."""

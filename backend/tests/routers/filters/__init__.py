"""Tests of saved filters."""

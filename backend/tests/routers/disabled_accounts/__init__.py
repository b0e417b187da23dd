"""Tests of disabled accounts."""

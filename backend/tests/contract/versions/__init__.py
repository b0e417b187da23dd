"""Tests of versions and conditional requests."""

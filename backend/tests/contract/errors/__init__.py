"""Tests of error responses."""

"""Tests with hostile input: each request gets a fast response below 500."""

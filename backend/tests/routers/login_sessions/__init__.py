"""Tests of login sessions: rotation, grace, end, list and storage."""

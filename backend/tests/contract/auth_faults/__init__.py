"""Tests of faults of authentication that were found on a running service (specs/006)."""

"""Tests of the parts of a request that all routes read alike."""

"""Tests of the code that several services share."""

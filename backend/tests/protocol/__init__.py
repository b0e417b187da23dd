"""Tests of the bounds of one connection, over a socket pair."""

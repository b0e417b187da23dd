"""Tests of the command `todo user`."""

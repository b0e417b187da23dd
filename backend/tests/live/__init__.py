"""Tests of the command `todo` with real processes, sockets and signals."""

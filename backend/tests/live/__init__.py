"""Tests of the command itself: real processes, real sockets, real signals."""

"""Benchmarks: the CPU time of requests, compared with a minimal implementation in Python."""

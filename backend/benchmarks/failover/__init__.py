"""Faults of a cluster on loopback, made of the files in `deploy/ha` (ADR 0060)."""

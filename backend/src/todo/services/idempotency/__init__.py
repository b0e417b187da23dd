"""Idempotency keys: a write that is sent twice happens once."""

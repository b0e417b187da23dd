"""Backups: the whole database and the secret in one file, and their restore (ADR 0049)."""

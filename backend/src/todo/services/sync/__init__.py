"""Sync: what changed since a token, or everything."""

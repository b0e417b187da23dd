"""Limits on what one client may do: rate limits, and locks by key."""

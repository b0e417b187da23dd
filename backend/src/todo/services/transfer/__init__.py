"""Export of a user's data."""

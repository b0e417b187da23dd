"""The rules and the SQL."""

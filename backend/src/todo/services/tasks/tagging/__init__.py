"""The tags on tasks."""

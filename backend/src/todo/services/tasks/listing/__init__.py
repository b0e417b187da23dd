"""Parts of the statements that list tasks."""

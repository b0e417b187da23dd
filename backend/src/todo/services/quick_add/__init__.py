"""Quick add: a task from one line of text."""

"""Password resets by mail."""

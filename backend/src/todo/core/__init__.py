"""What the service stands on; nothing here knows of tasks."""

"""What the service stands on, tested by itself."""

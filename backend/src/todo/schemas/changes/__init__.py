"""What the routes of the change log return."""

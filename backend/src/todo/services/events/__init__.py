"""Live events: each change of a user, sent to the user's open streams."""

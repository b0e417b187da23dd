"""Login sessions: from log-in to log-out, on one client."""

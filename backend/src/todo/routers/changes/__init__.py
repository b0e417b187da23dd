"""The routes of the change log."""

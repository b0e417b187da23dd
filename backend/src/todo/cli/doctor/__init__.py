"""`todo doctor`."""

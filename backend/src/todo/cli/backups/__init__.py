"""`todo backup` and `todo restore`."""

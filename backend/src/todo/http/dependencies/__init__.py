"""Dependencies of routes, each with one name."""

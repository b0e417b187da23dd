"""Live tests of event streams."""

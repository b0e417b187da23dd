"""The tables of the change log."""

"""The change log: how writes are logged, and what the log is read for."""

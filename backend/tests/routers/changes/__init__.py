"""The change log: what each write logs."""

"""The embedded PostgreSQL: its data folder, process, server and supervisor."""

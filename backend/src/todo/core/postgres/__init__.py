"""The embedded PostgreSQL: its process, its server, and the supervisor that restarts it."""

"""Access to PostgreSQL: statements, sessions, the connection pool, and migrations."""

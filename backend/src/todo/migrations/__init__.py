"""The schema, step by step (Alembic)."""

REVISIONS = ("c4af7e448918", "3f3713427163", "8d1c6f0e2b57", "5b90d2f7a6c3")
"""All of them in their order, for who only asks where a database stands and needs no Alembic for it."""

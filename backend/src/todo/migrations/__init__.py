"""The Alembic migrations of the database schema."""

REVISIONS = (
    "c4af7e448918",
    "3f3713427163",
    "8d1c6f0e2b57",
    "5b90d2f7a6c3",
    "e2a94c07d1b8",
    "a46d1f3c8b27",
    "7c35e1b0a9d4",
    "7c3e91d5f0a4",
    "9a4d27e6b3f1",
)
"""All revisions, oldest first. The service reads the schema status with them, without importing Alembic."""
TABLES = ("users", "tasks", "tags", "task_tag_link")
"""The tables of the first migration, which every later version has too."""

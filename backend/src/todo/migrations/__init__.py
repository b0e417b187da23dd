"""The Alembic migrations of the database schema."""

import re
from pathlib import Path

REVISION = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)


def _read_revisions() -> tuple[str, ...]:
    """Return the revisions in the order of their files, whose names begin with a date."""
    files = sorted((Path(__file__).parent / "versions").glob("2*.py"))
    return tuple(revision for file in files for revision in REVISION.findall(file.read_text(encoding="utf-8")))


REVISIONS = _read_revisions()
"""All revisions, oldest first. The service reads the schema status with them, without importing Alembic."""
TABLES = ("users", "tasks", "tags", "task_tag_link")
"""The tables of the first migration, which every later version has too."""

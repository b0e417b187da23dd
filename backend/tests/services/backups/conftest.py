"""A database with a row in each table, and its backup."""

from pathlib import Path

import pytest

from tests.services.backups.support import back_up, insert_rows
from tests.support import MakeDatabase


@pytest.fixture(scope="session")
async def source_url(make_database: MakeDatabase) -> str:
    """A database with a row in each table."""
    url = await make_database()
    await insert_rows(url)
    return url


@pytest.fixture(scope="session")
async def backup_file(source_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of that database."""
    path = tmp_path_factory.mktemp("backup") / "todo.backup"
    await back_up(source_url, path)
    return path


@pytest.fixture
async def target_url(make_database: MakeDatabase) -> str:
    """A migrated database without rows."""
    return await make_database()

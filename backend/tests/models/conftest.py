"""A migrated database without rows, and two users in it."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from tests.models.rows import insert_user
from tests.support import MakeDatabase
from todo.core.database.url import connect_arguments


@pytest.fixture(scope="session")
async def migrated_url(make_database: MakeDatabase) -> str:
    """A migrated database without an application."""
    return await make_database()


@pytest.fixture
async def connection(migrated_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the migrated database. Its transaction is rolled back at the end of the test."""
    connection = await asyncpg.connect(**connect_arguments(migrated_url))
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture
async def ada(connection: asyncpg.Connection) -> UUID:
    """The id of a user."""
    return await insert_user(connection, "ada@example.com")


@pytest.fixture
async def bob(connection: asyncpg.Connection) -> UUID:
    """The id of another user."""
    return await insert_user(connection, "bob@example.com")

"""What tests of the HTTP side share."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from todo.core.database import connect_arguments


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A second way into the database that the application is on."""
    connection = await asyncpg.connect(**connect_arguments(database_url))
    yield connection
    await connection.close()

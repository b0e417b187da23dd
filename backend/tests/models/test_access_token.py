"""The table `access_tokens`."""

from uuid import UUID

import asyncpg
import pytest

from tests.models.rows import INSERT_TOKEN


async def test_token_hash_is_unique(connection: asyncpg.Connection, ada: UUID, bob: UUID) -> None:
    await connection.execute(INSERT_TOKEN, ada, b"a", ["tasks:read"])

    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(INSERT_TOKEN, bob, b"a", ["tasks:read"])


async def test_token_without_a_scope_is_rejected(connection: asyncpg.Connection, ada: UUID) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(INSERT_TOKEN, ada, b"a", [])

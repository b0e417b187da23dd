"""The table `idempotency_keys`."""

from uuid import UUID

import asyncpg
import pytest

from tests.models.rows import INSERT_KEY


async def test_key_is_unique_for_a_user(connection: asyncpg.Connection, ada: UUID, bob: UUID) -> None:
    await connection.execute(INSERT_KEY, ada, "key")
    await connection.execute(INSERT_KEY, bob, "key")

    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(INSERT_KEY, ada, "key")

"""The table `tags`."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.models.rows import count_rows, insert_tag


@pytest.mark.spec("DB-003")
async def test_tag_name_is_unique_for_a_user(connection: asyncpg.Connection, ada: UUID) -> None:
    await insert_tag(connection, ada, "home")

    with pytest.raises(asyncpg.UniqueViolationError):
        await insert_tag(connection, ada, "home")


@pytest.mark.spec("DB-003")
async def test_users_may_have_tags_of_the_same_name(connection: asyncpg.Connection, ada: UUID, bob: UUID) -> None:
    await insert_tag(connection, ada, "home")
    await insert_tag(connection, bob, "home")

    assert await count_rows(connection, "tags") == 2


async def test_tag_without_a_user_is_rejected(connection: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.NotNullViolationError):
        await insert_tag(connection, None)


async def test_tag_of_an_unknown_user_is_rejected(connection: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await insert_tag(connection, uuid4())


@pytest.mark.parametrize("name", ["", " ", "\t\n", "\u00a0"], ids=ascii)
async def test_blank_tag_name_is_rejected(connection: asyncpg.Connection, ada: UUID, name: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await insert_tag(connection, ada, name)


async def test_long_tag_name_is_rejected(connection: asyncpg.Connection, ada: UUID) -> None:
    await insert_tag(connection, ada, 50 * "🌿")

    with pytest.raises(asyncpg.StringDataRightTruncationError):
        await insert_tag(connection, ada, 51 * "x")


@pytest.mark.parametrize("color", ["", "red", "#FFF", "#GGGGGG", "FF5733", "#FF5733 ", "#FF5733\n", "x#FF5733"])
async def test_malformed_color_is_rejected(connection: asyncpg.Connection, ada: UUID, color: str) -> None:
    await insert_tag(connection, ada)

    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE tags SET color = $1", color)


@pytest.mark.parametrize("color", [None, "#FF5733", "#ff5733", "#000000"])
async def test_color_is_stored(connection: asyncpg.Connection, ada: UUID, color: str | None) -> None:
    await insert_tag(connection, ada)

    await connection.execute("UPDATE tags SET color = $1", color)

    assert await connection.fetchval("SELECT color FROM tags") == color

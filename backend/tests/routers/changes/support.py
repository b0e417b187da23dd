"""Reads the change log of a person from the database."""

import json
from typing import Any

import asyncpg

from tests.support import Person

SELECT_CHANGES = "SELECT * FROM changes WHERE user_id = $1 AND seq > $2 ORDER BY seq"


async def read_log(connection: asyncpg.Connection, owner: Person, after: int = 0) -> list[dict[str, Any]]:
    """Return the changes of a person with a number greater than `after`, with decoded fields."""
    changes = [dict(row) for row in await connection.fetch(SELECT_CHANGES, owner.id, after)]
    for change in changes:
        for name in ("before", "after"):
            change[name] = None if change[name] is None else json.loads(change[name])
    return changes


async def read_clock(connection: asyncpg.Connection, owner: Person) -> int:
    """Return the number of a person's last change, or 0."""
    return await connection.fetchval("SELECT seq FROM change_clocks WHERE user_id = $1", owner.id) or 0

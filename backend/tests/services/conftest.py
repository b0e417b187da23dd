"""The two ways in which PostgreSQL plans a prepared statement."""

import asyncpg
import pytest


@pytest.fixture(params=["force_custom_plan", "force_generic_plan"])
async def planning_connection(connection: asyncpg.Connection, request: pytest.FixtureRequest) -> asyncpg.Connection:
    """The connection with custom plans for the values of each statement, or with generic plans."""
    await connection.execute(f"SET plan_cache_mode = {request.param}")
    return connection

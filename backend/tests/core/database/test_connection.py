"""The settings of connections, which depend on the server."""

import pytest
from sqlalchemy import text

from tests.services.citus import pretend_citus
from tests.support import MakeDatabase, make_settings
from todo.core.database.database import Database
from todo.core.database.statement import Statement

SHOW_PLAN_CACHE_MODE = Statement(text("SELECT current_setting('plan_cache_mode') AS mode"))

SELECT_LONG_TEXT = Statement(text(f"SELECT '{'x' * 100_000}' AS value"))
COUNT_LONG_STATEMENTS = Statement(
    text("SELECT count(*) AS number FROM pg_prepared_statements WHERE length(statement) > 100000")
)


async def plan_cache_mode(url: str) -> str:
    async with Database(make_settings(db_pool_min=0), url) as database:
        row = await database.session.fetch_one(SHOW_PLAN_CACHE_MODE)
    assert row is not None
    mode: str = row["mode"]
    return mode


@pytest.mark.spec("CIT-020")
@pytest.mark.parametrize("options", ["", "&statement_cache_size=0"])
async def test_generic_plan_is_forced_on_a_server_without_citus_alone(
    make_database: MakeDatabase, options: str
) -> None:
    url = await make_database()

    assert await plan_cache_mode(url + options) == "force_generic_plan"
    await pretend_citus(url)
    assert await plan_cache_mode(url + options) == "auto"


async def test_long_statement_stays_prepared(make_database: MakeDatabase) -> None:
    async with Database(make_settings(db_pool_min=0, db_pool_max=1), await make_database()) as database:
        for _ in range(2):
            await database.session.fetch_one(SELECT_LONG_TEXT)
        row = await database.session.fetch_one(COUNT_LONG_STATEMENTS)

    assert row is not None
    assert row["number"] == 1

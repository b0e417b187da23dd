"""The settings of connections, which depend on the server."""

import pytest
from sqlalchemy import text

from tests.services.citus import pretend_citus
from tests.support import MakeDatabase, make_settings
from todo.core.database.database import Database
from todo.core.database.statement import Statement

SHOW_PLAN_CACHE_MODE = Statement(text("SELECT current_setting('plan_cache_mode') AS mode"))


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

"""`GET /ready` reports pending migrations and an unreachable database."""

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.contract.support import HEALTH_URL
from tests.support import MakeApp, MakeDatabase, assert_error, make_client
from todo.core.database.migrator import SCRIPTS
from todo.core.database.url import connect_arguments
from todo.migrations import REVISIONS

READY_URL = "https://todo.test/ready"


@pytest.mark.spec("OBS-001")
async def test_migrated_database_is_ready(make_app: MakeApp) -> None:
    response = await make_client(await make_app()).get(READY_URL)

    assert (response.status_code, response.json()) == (200, {"status": "ready"})


@pytest.mark.spec("OBS-001")
@pytest.mark.parametrize("migrated", [False, True], ids=["no migrations", "one migration behind"])
async def test_pending_migrations_are_a_503(make_app: MakeApp, make_database: MakeDatabase, migrated: bool) -> None:
    url = await make_database(migrated=migrated)
    if migrated:
        connection = await asyncpg.connect(**connect_arguments(url))
        await connection.execute("UPDATE alembic_version SET version_num = $1", REVISIONS[-2])
        await connection.close()

    response = await make_client(await make_app(url)).get(READY_URL)

    assert_error(response, 503, "MIGRATIONS_PENDING")


@pytest.mark.spec("OBS-001")
async def test_database_of_a_later_version_is_ready(make_app: MakeApp, make_database: MakeDatabase) -> None:
    url = await make_database()
    connection = await asyncpg.connect(**connect_arguments(url))
    await connection.execute("UPDATE alembic_version SET version_num = 'later'")
    await connection.close()

    assert (await make_client(await make_app(url)).get(READY_URL)).status_code == 200


@pytest.mark.spec("OBS-001")
async def test_unreachable_database_is_a_503_and_the_service_is_healthy(
    make_app: MakeApp, make_database: MakeDatabase, server_url: str
) -> None:
    url = await make_database()
    client = make_client(await make_app(url, db_pool_timeout=0.2))
    admin = await asyncpg.connect(**connect_arguments(server_url))
    name = url.partition("?")[0].rpartition("/")[2]
    await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    await admin.close()

    response = await client.get(READY_URL)

    assert_error(response, 503, "DATABASE_UNREACHABLE")
    assert (await client.get(HEALTH_URL)).status_code == 200


def test_revisions_list_all_migrations_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)

    scripts = list(ScriptDirectory.from_config(config).walk_revisions())

    assert [script.revision for script in reversed(scripts)] == list(REVISIONS)

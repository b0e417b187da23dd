"""A database that goes away, rejects the service or stands still, as the operator sees it in the log."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import make_url

from tests.live.conftest import HTTP, Service, Start, wait_until
from tests.support import SECRET, MakeApp, MakeDatabase, assert_error, make_client
from todo.core.database.url import connect_arguments

READY = "https://todo.test/ready"


async def end_connections(admin: asyncpg.Connection, url: str) -> None:
    """End all connections to a database."""
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", make_url(url).database
    )


def read_ready(service: Service) -> tuple[int, str]:
    """Return the status and the code of `/ready`."""
    response = HTTP.get(f"{service.url}/ready")
    return response.status_code, response.json().get("code", "")


@pytest.mark.spec("OPS-053")
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_lost_database_is_logged_without_a_traceback(
    start: Start, make_database: MakeDatabase, admin: asyncpg.Connection, workers: str
) -> None:
    url = await make_database()
    service = await asyncio.to_thread(start, DATABASE_URL=url, JWT_SECRET_KEY=SECRET, WORKERS=workers)
    await asyncio.to_thread(wait_until, lambda: read_ready(service)[0] == 200, service)

    await admin.execute(f"ALTER DATABASE {make_url(url).database} ALLOW_CONNECTIONS false")
    await end_connections(admin, url)
    answers = {await asyncio.to_thread(read_ready, service) for _ in range(5)}
    await admin.execute(f"ALTER DATABASE {make_url(url).database} ALLOW_CONNECTIONS true")
    await asyncio.to_thread(wait_until, lambda: read_ready(service)[0] == 200, service)

    assert answers == {(503, "DATABASE_UNREACHABLE")}
    assert "Traceback" not in service.read_log()
    assert max(map(len, service.read_log().splitlines())) < 300


@pytest.mark.spec("OPS-053")
async def test_application_starts_without_its_database_and_finds_it_later(
    make_app: MakeApp, make_database: MakeDatabase, admin: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    url = await make_database()
    await admin.execute(f"ALTER DATABASE {make_url(url).database} ALLOW_CONNECTIONS false")
    client = make_client(await make_app(url))
    away = await client.get(READY)
    await admin.execute(f"ALTER DATABASE {make_url(url).database} ALLOW_CONNECTIONS true")
    async with asyncio.timeout(20):
        while (await client.get(READY)).status_code != 200:
            pass

    assert_error(away, 503, "DATABASE_UNREACHABLE")
    assert "Traceback" not in caplog.text


@pytest.mark.spec("OPS-054")
async def test_role_that_may_no_longer_log_in_is_a_503(
    make_app: MakeApp, make_database: MakeDatabase, admin: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    url = await make_database()
    role = f"role_{make_url(url).database}"
    await admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'role'")
    owner = await asyncpg.connect(**connect_arguments(url))
    await owner.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    client = make_client(await make_app(make_url(url).set(username=role, password="role").render_as_string(False)))
    assert (await client.get(READY)).status_code == 200

    await admin.execute(f"ALTER ROLE {role} NOLOGIN")
    await end_connections(admin, url)
    responses = [await client.post("/auth/refresh", headers={"Cookie": "refresh_token=x"}), await client.get(READY)]
    responses.append(await client.get(READY))
    owner.terminate()
    owner = await asyncpg.connect(**connect_arguments(url))
    await owner.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    await owner.close()

    assert_error(responses[-1], 503, "DATABASE_UNREACHABLE")
    assert all(response.status_code < 500 or response.status_code == 503 for response in responses)
    assert "rejects the role or the password of DATABASE_URL" in caplog.text


@pytest.mark.spec("OPS-012")
async def test_connection_whose_prepared_statements_were_deallocated_is_replaced(
    make_app: MakeApp, make_database: MakeDatabase
) -> None:
    app = await make_app(await make_database(), db_pool_min=1, db_pool_max=1)
    client = make_client(app)
    assert (await client.get(READY)).status_code == 200

    async with app.state.resources.database.session.transaction() as session:
        await session._connection.execute("DEALLOCATE ALL")
    first, second = await client.get(READY), await client.get(READY)

    assert first.status_code == 503
    assert second.status_code == 200

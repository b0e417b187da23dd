"""PgBouncer in front of PostgreSQL."""

import asyncio
import logging
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text

from tests.live.conftest import run_todo
from tests.live.databases.conftest import CreateDatabase, StartPooler, sign_up
from tests.support import SECRET, Json, MakeApp, MakeDatabase, make_client
from todo.core.database.connection import STARTUP_PARAMETERS
from todo.core.database.statement import Statement
from todo.core.database.url import connect_arguments
from todo.migrations import REVISIONS

READY = "https://todo.test/ready"
USERS = 6
TASKS = 6


async def use(client: AsyncClient, email: str) -> set[int]:
    """Create, list, tag, change and search tasks. Check each response and return the statuses."""
    responses = []

    async def call(method: str, path: str, **options: Any) -> Json:
        response = await client.request(method, path, **options)
        responses.append(response)
        body: Json = response.json() if response.content else {}
        return body

    for index in range(TASKS):
        task = await call("POST", "/tasks", json={"title": f"{email} {index}", "priority": "high"})
        assert task["title"] == f"{email} {index}"
        tag = await call("POST", "/tags", json={"name": f"{email} {index}"})
        await call("POST", f"/tasks/{task['id']}/tags/{tag['id']}")
        read = await call("GET", f"/tasks/{task['id']}")
        assert (read["title"], [item["id"] for item in read["tags"]]) == (task["title"], [tag["id"]])
        assert (await call("PATCH", f"/tasks/{task['id']}", json={"completed": True}))["completed"] is True
        listed = await call("GET", "/tasks", params={"q": email, "sort": "title"})
        assert [item["title"] for item in listed["items"]] == [f"{email} {number}" for number in range(index + 1)]
        assert (await call("GET", "/auth/me"))["email"] == email
    return {response.status_code for response in responses}


async def use_in_parallel(app: FastAPI) -> set[int]:
    """Let several users use the service at once, and return the statuses of all responses."""
    async with AsyncExitStack() as stack:
        emails = [f"user{number}@example.com" for number in range(USERS)]
        clients = [await sign_up(app, stack, email) for email in emails]
        statuses = await asyncio.gather(*map(use, clients, emails))
    return set().union(*statuses)


@pytest.mark.spec("OPS-010")
@pytest.mark.parametrize("options", ["?statement_cache_size=0", "?prepared_statement_cache_size=0", "?pgbouncer=true"])
async def test_transaction_pooling_works_without_prepared_statements(
    make_app: MakeApp, make_database: MakeDatabase, start_pooler: StartPooler, options: str
) -> None:
    url = start_pooler(await make_database())

    statuses = await use_in_parallel(await make_app(url + options, db_pool_max=4))

    assert statuses == {200, 201}


@pytest.mark.spec("OPS-011")
async def test_pooler_is_detected(
    make_app: MakeApp, make_database: MakeDatabase, start_pooler: StartPooler, caplog: pytest.LogCaptureFixture
) -> None:
    url = start_pooler(await make_database())

    with caplog.at_level(logging.WARNING):
        statuses = await use_in_parallel(await make_app(url, db_pool_max=4))

    assert statuses == {200, 201}
    assert "statement_cache_size=0" in caplog.text


@pytest.mark.spec("OPS-011")
async def test_direct_connection_keeps_statements_prepared(make_app: MakeApp, make_database: MakeDatabase) -> None:
    session = (await make_app(await make_database(), db_pool_min=1, db_pool_max=1)).state.resources.database.session
    count_prepared = Statement(text("SELECT count(*) FROM pg_prepared_statements"))

    await session.fetch_one(count_prepared)
    row = await session.fetch_one(count_prepared)

    assert row["count"] > 0


@pytest.mark.spec("OPS-012")
async def test_lost_prepared_statements_are_a_503_and_the_log_has_the_remedy(
    make_app: MakeApp, make_database: MakeDatabase, start_pooler: StartPooler, caplog: pytest.LogCaptureFixture
) -> None:
    app = await make_app(start_pooler(await make_database()) + "?statement_cache_size=100", db_pool_max=4)
    paths = ["/auth/login", "/auth/refresh", "/auth/login"]

    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(make_client(app))
        responses = await asyncio.gather(
            *(
                client.post(paths[number % 3], data={"username": f"a{number}@example.com", "password": "x" * 9})
                for number in range(60)
            ),
            *(client.get(READY) for _ in range(60)),
        )

    assert {response.status_code for response in responses} <= {200, 401, 503}
    assert 503 in {response.status_code for response in responses}
    assert "statement_cache_size=0" in caplog.text


@pytest.mark.spec("OPS-013")
async def test_rejected_startup_parameters_are_named(
    make_app: MakeApp, make_database: MakeDatabase, start_pooler: StartPooler, caplog: pytest.LogCaptureFixture
) -> None:
    url = start_pooler(await make_database(), ignored=())

    response = await make_client(await make_app(url)).get(READY)

    assert response.status_code == 503
    assert f"ignore_startup_parameters to: {', '.join(STARTUP_PARAMETERS)}" in caplog.text


@pytest.mark.spec("OPS-013")
def test_serve_does_not_start_behind_a_pooler_that_rejects_parameters(
    database_url: str, start_pooler: StartPooler, tmp_path: Path
) -> None:
    url = start_pooler(database_url, ignored=("lock_timeout",))

    result = run_todo("serve", cwd=tmp_path, DATABASE_URL=url, JWT_SECRET_KEY=SECRET)

    assert result.returncode == 1
    assert "ignore_startup_parameters" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.spec("OPS-014")
@pytest.mark.parametrize("pool_mode", ["transaction", "session"])
async def test_migrations_work_through_a_pooler(
    create_database: CreateDatabase, start_pooler: StartPooler, tmp_path: Path, pool_mode: str
) -> None:
    url = await create_database("ENCODING 'UTF8'")
    pooled = start_pooler(url, pool_mode=pool_mode)

    results = [run_todo("migrate", command, cwd=tmp_path, DATABASE_URL=pooled) for command in ("up", "down", "up")]

    assert [result.returncode for result in results] == [0, 0, 0], [result.stderr for result in results]
    connection = await asyncpg.connect(**connect_arguments(url))
    revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    await connection.close()
    assert revision == REVISIONS[-1]

"""Requests get a 503 while the database server is stopped."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.contract.support import HEALTH_URL, ORIGIN, assert_error_shape, assert_readable_by_page
from tests.support import PASSWORD, Json, MakeApp, Person, assert_error, make_client
from todo.core.database import migrator
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """Run a PostgreSQL server that tests can stop."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("away"), UNSAFE_BUT_FAST_OPTIONS) as postgres:
        yield postgres


@pytest.fixture(scope="module")
async def app_on_postgres(postgres: EmbeddedPostgres, make_module_app: MakeApp) -> FastAPI:
    """Return an application on this server."""
    await asyncio.to_thread(migrator.upgrade, postgres.url())
    return await make_module_app(postgres.url())


@pytest.fixture
def client_on_postgres(app_on_postgres: FastAPI, ada: Person) -> AsyncClient:
    """Return a client with the token of Ada. The database of this application has no users, but the token is valid."""
    return make_client(app_on_postgres, headers={"Authorization": ada.client.headers["Authorization"]})


@contextmanager
def stopped(postgres: EmbeddedPostgres) -> Iterator[None]:
    """Stop the server during a block."""
    postgres.stop()
    try:
        yield
    finally:
        postgres.start()


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/tasks", {}),
        ("POST", "/tasks", {"json": {"title": "Water the plants"}}),
        ("GET", "/tags", {}),
        ("GET", "/auth/me", {}),
        ("POST", "/auth/login", {"data": {"username": "ada@example.com", "password": PASSWORD}}),
        ("POST", "/auth/register", {"json": {"email": "ada@example.com", "password": PASSWORD}}),
    ],
    ids=["tasks", "new-task", "tags", "me", "login", "register"],
)
async def test_request_without_a_database_is_a_503(
    postgres: EmbeddedPostgres, client_on_postgres: AsyncClient, method: str, path: str, options: Json
) -> None:
    with stopped(postgres):
        response = await client_on_postgres.request(method, path, **options)

    assert_error(response, 503, "SERVICE_UNAVAILABLE")
    assert_error_shape(response)
    assert int(response.headers["Retry-After"]) >= 1


async def test_page_can_read_a_503(postgres: EmbeddedPostgres, client_on_postgres: AsyncClient) -> None:
    with stopped(postgres):
        response = await client_on_postgres.get("/tasks", headers={"Origin": ORIGIN})

    assert response.status_code == 503
    assert_readable_by_page(response)


async def test_health_is_200_without_a_database(postgres: EmbeddedPostgres, client_on_postgres: AsyncClient) -> None:
    with stopped(postgres):
        response = await client_on_postgres.get(HEALTH_URL)

    assert response.status_code == 200
    assert response.json() == {"status": "healthy"}


async def test_requests_succeed_after_a_database_restart(
    postgres: EmbeddedPostgres, client_on_postgres: AsyncClient
) -> None:
    with stopped(postgres):
        during_outage = [await client_on_postgres.get("/tasks") for _ in range(10)]

    after_restart = [await client_on_postgres.get("/tasks") for _ in range(10)]

    assert {response.status_code for response in during_outage} == {503}
    assert {response.status_code for response in after_restart} == {200}

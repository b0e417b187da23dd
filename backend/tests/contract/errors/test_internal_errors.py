"""Unexpected exceptions become a 500 that is logged with its request id."""

import asyncio
import logging

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.contract.support import ORIGIN, assert_error_shape, assert_readable_by_page
from tests.support import MakeApp, MakeDatabase, Person, assert_error, make_client
from todo.core.database.url import connect_arguments


@pytest.fixture(scope="module")
async def broken_app(make_module_app: MakeApp, make_database: MakeDatabase) -> FastAPI:
    """Return an application whose table `tags` has columns of wrong types."""
    url = await make_database()
    connection = await asyncpg.connect(**connect_arguments(url))
    await connection.execute("DROP TABLE tags CASCADE")
    await connection.execute(
        "CREATE TABLE tags (user_id text, id int, name text, name_key text, color text, version int)"
    )
    await connection.close()
    return await make_module_app(url)


@pytest.fixture
async def broken_client(broken_app: FastAPI, ada: Person) -> AsyncClient:
    """Return a client of Ada for the broken application. `GET /tags` fails."""
    return make_client(broken_app, headers={"Authorization": ada.client.headers["Authorization"]})


async def test_unexpected_exception_is_a_500(broken_client: AsyncClient) -> None:
    response = await broken_client.get("/tags")

    assert_error(response, 500, "INTERNAL_ERROR")
    assert_error_shape(response)


async def test_500_contains_the_request_id(broken_client: AsyncClient) -> None:
    response = await broken_client.get("/tags")

    assert response.json()["request_id"]
    assert response.json()["request_id"] == response.headers["X-Request-ID"]


async def test_500_reveals_no_internals(broken_client: AsyncClient) -> None:
    response = await broken_client.get("/tags")

    text = response.text.lower()
    assert set(response.json()) == {"detail", "code", "request_id"}
    assert [word for word in ("traceback", "asyncpg", "relation", "select", "tags", "/") if word in text] == []


async def test_traceback_of_a_500_is_logged_with_the_request_id(
    broken_client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await broken_client.get("/tags")

    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.levelno == logging.ERROR
    assert vars(record)["request_id"] == response.json()["request_id"]
    assert "Traceback" in caplog.text
    assert "UndefinedFunctionError" in caplog.text


async def test_other_requests_are_served_after_a_500(broken_client: AsyncClient) -> None:
    await asyncio.gather(*(broken_client.get("/tags") for _ in range(20)))

    response = await broken_client.get("/auth/me")

    assert_error(response, 401, "INVALID_TOKEN")


async def test_page_can_read_a_500(broken_client: AsyncClient) -> None:
    response = await broken_client.get("/tags", headers={"Origin": ORIGIN})

    assert response.status_code == 500
    assert_readable_by_page(response)

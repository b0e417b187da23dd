"""Requests that are authenticated by a personal access token."""

from collections.abc import Callable

import asyncpg
import pytest
from httpx import AsyncClient

from tests.routers.access_tokens.support import list_tasks
from tests.routers.support import INVALID_TOKEN
from tests.support import Make, MakeToken, Person, assert_error, authorize
from todo.domain.scope import SCOPES


@pytest.mark.spec("PAT-001")
async def test_token_reads_the_tasks_of_its_owner(
    client: AsyncClient, ada: Person, make_token: MakeToken, make_task: Make
) -> None:
    task = await make_task(ada)

    response = await list_tasks(client, await make_token(ada, "tasks:read"))

    assert response.status_code == 200
    assert [item["id"] for item in response.json()["items"]] == [task["id"]]


@pytest.mark.spec("PAT-001")
async def test_token_creates_tasks_of_its_owner(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:write")

    response = await client.post("/tasks", json={"title": "By a script"}, headers=authorize(token["token"]))

    assert response.status_code == 201
    assert response.json()["user_id"] == str(ada.id)


@pytest.mark.spec("PAT-004")
@pytest.mark.parametrize(
    "corrupt",
    [
        pytest.param(lambda token: token[:-1], id="shorter"),
        pytest.param(lambda token: token + "A", id="longer"),
        pytest.param(str.swapcase, id="swapped-case"),
        pytest.param(lambda token: token.removeprefix("todo_pat_"), id="no-prefix"),
        pytest.param(lambda _: "todo_pat_", id="prefix-alone"),
        pytest.param(lambda _: "todo_pat_" + "x" * 60_000, id="huge"),
        pytest.param(lambda _: "todo_pat_' OR true --", id="sql"),
        pytest.param(lambda token: f"{token} {token}", id="twice"),
    ],
)
async def test_malformed_token_is_rejected(
    client: AsyncClient, ada: Person, make_token: MakeToken, corrupt: Callable[[str], str]
) -> None:
    token = await make_token(ada, "tasks:read")

    response = await client.get("/tasks", headers=authorize(corrupt(token["token"])))

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("PAT-002")
async def test_stored_hash_is_rejected_as_token(
    client: AsyncClient, ada: Person, make_token: MakeToken, connection: asyncpg.Connection
) -> None:
    await make_token(ada, "tasks:read")
    token_hash = await connection.fetchval(
        "SELECT encode(token_hash, 'hex') FROM access_tokens WHERE user_id = $1", ada.id
    )

    response = await client.get("/tasks", headers=authorize(f"todo_pat_{token_hash}"))

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("PAT-007")
async def test_token_is_rejected_as_refresh_token(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, *SCOPES)

    response = await client.post("/auth/refresh", headers={"Cookie": f"refresh_token={token['token']}"})

    assert_error(response, *INVALID_TOKEN)


async def test_token_is_not_logged(
    client: AsyncClient, ada: Person, make_token: MakeToken, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        token = await make_token(ada, "tasks:read")
        await list_tasks(client, token)

    log_text = caplog.text + "\n".join(str(record.__dict__) for record in caplog.records)
    assert "/api/v1/auth/tokens" in log_text
    assert token["token"] not in log_text

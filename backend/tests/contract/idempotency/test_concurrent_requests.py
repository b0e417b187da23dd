"""Concurrent requests with the same key write once."""

import asyncio

import asyncpg
import pytest
from fastapi import FastAPI
from starlette.types import Message

from tests.contract.idempotency.support import (
    IN_USE,
    INSERT_KEY,
    WRITES,
    Write,
    assert_replay,
    create_task,
    every_write,
)
from tests.contract.support import count_tasks
from tests.support import Json, MakeApp, Person, assert_error, make_client, wait_for_lock_waiters


@pytest.mark.spec("IDK-003")
async def test_concurrent_duplicates_create_one_task(ada: Person, key: str) -> None:
    responses = await asyncio.gather(*(create_task(ada, key) for _ in range(20)))

    [first] = [response for response in responses if "Idempotency-Replayed" not in response.headers]
    for response in responses:
        if response is not first:
            assert_replay(response, first)
    assert await count_tasks(ada) == 1


@pytest.mark.spec("IDK-003")
@every_write
async def test_concurrent_duplicates_of_every_write_are_done_once(write: Write, name: str) -> None:
    responses = await asyncio.gather(*(write(name) for _ in range(20)))

    assert {response.status_code for response in responses} == {WRITES[name][3]}
    assert len({response.content for response in responses}) == 1
    assert sum("Idempotency-Replayed" not in response.headers for response in responses) == 1


@pytest.mark.spec("IDK-003")
async def test_concurrent_duplicates_with_a_personal_access_token_create_one_task(
    ada: Person, make_app: MakeApp, key: str
) -> None:
    token = await ada.client.post("/auth/tokens", json={"name": "cron", "scopes": ["tasks:read", "tasks:write"]})
    app = await make_app(db_pool_max=2, db_connection_timeout=3)

    async with make_client(app, headers={"Authorization": f"Bearer {token.json()['token']}"}) as token_client:
        person = Person(ada.id, ada.email, token_client)
        responses = await asyncio.gather(*(create_task(person, key) for _ in range(10)))

    assert {response.status_code for response in responses} == {201}
    assert await count_tasks(ada) == 1


async def test_concurrent_requests_with_different_keys_all_write(ada: Person) -> None:
    responses = await asyncio.gather(*(create_task(ada, f"key {number}") for number in range(20)))

    assert {response.status_code for response in responses} == {201}
    assert await count_tasks(ada) == 20


@pytest.mark.spec("IDK-008")
async def test_request_writes_after_waiting_for_a_failed_duplicate(
    ada: Person, connection: asyncpg.Connection, watcher: asyncpg.Connection, key: str
) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(INSERT_KEY, ada.id, key)
    pending = asyncio.ensure_future(create_task(ada, key))
    await wait_for_lock_waiters(watcher)

    await transaction.rollback()

    assert (await pending).status_code == 201


@pytest.fixture
async def short_lock_timeout(ada: Person, make_app: MakeApp) -> None:
    """Replace the client of Ada with a client of an application that waits 50 ms for locks."""
    app = await make_app(db_lock_timeout=0.05)
    object.__setattr__(ada, "client", make_client(app, headers=ada.client.headers))


@pytest.mark.spec("IDK-004", "FRO-019")
@pytest.mark.usefixtures("short_lock_timeout")
async def test_pending_duplicate_is_a_409(ada: Person, connection: asyncpg.Connection, key: str) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(INSERT_KEY, ada.id, key)

    rejected = await create_task(ada, key)
    await transaction.rollback()

    assert_error(rejected, *IN_USE)
    assert rejected.headers["Retry-After"] == "1"
    assert (await create_task(ada, key)).status_code == 201
    assert await count_tasks(ada) == 1


@pytest.mark.spec("IDK-004")
async def test_pending_duplicate_is_a_409_with_a_shorter_statement_timeout(
    ada: Person, make_app: MakeApp, connection: asyncpg.Connection, key: str
) -> None:
    client = make_client(await make_app(db_statement_timeout=0.2), headers=ada.client.headers)
    async with connection.transaction():
        await connection.execute(INSERT_KEY, ada.id, key)

        rejected = await client.post("/tasks", json={"title": "Duplicate"}, headers={"Idempotency-Key": key})

    assert_error(rejected, *IN_USE)


@pytest.mark.parametrize("has_key", [True, False])
async def test_disconnect_in_the_middle_of_a_body_is_a_422(
    app: FastAPI, ada: Person, has_key: bool, caplog: pytest.LogCaptureFixture
) -> None:
    authorization = ada.client.headers["Authorization"].encode()
    headers = [(b"authorization", authorization), (b"content-type", b"application/json"), (b"content-length", b"100")]
    headers += [(b"idempotency-key", b"disconnected")] if has_key else []
    scope = {"type": "http", "method": "POST", "path": "/api/v1/tasks", "query_string": b"", "headers": headers}
    unfinished_body = {"type": "http.request", "body": b'{"title": "Half"}', "more_body": True}
    received: list[Message] = [unfinished_body, {"type": "http.disconnect"}]
    sent: list[Message] = []

    async def receive() -> Message:
        return received.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)

    assert sent[0]["status"] == 422
    assert "Unexpected error" not in caplog.text
    assert await count_tasks(ada) == 0


@pytest.mark.spec("IDK-004")
async def test_waiting_writes_of_one_user_leave_connections_to_other_users(
    ada: Person, bob: Person, task: Json, make_app: MakeApp, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    app = await make_app(db_pool_min=1, db_pool_max=2, db_pool_timeout=1)
    client_of_ada, client_of_bob = (make_client(app, headers=person.client.headers) for person in (ada, bob))
    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", task["id"])
        pending = asyncio.gather(
            *(
                client_of_ada.patch(
                    f"/tasks/{task['id']}", json={"completed": True}, headers={"Idempotency-Key": f"key {n}"}
                )
                for n in range(5)
            )
        )
        await wait_for_lock_waiters(watcher)

        statuses = [(await client_of_bob.get("/tasks")).status_code for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert [response.status_code for response in await pending] == [200] * 5


@pytest.mark.spec("IDK-004")
@pytest.mark.usefixtures("short_lock_timeout")
async def test_locked_task_is_a_503(task: Json, write: Write, connection: asyncpg.Connection) -> None:
    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", task["id"])
        rejected = await write("change a task")

    assert_error(rejected, 503, "SERVICE_UNAVAILABLE")
    assert (await write("change a task")).status_code == 200

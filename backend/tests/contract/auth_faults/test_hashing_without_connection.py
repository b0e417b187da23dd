"""Connections to the database while passwords are hashed."""

import asyncio
from collections.abc import Callable, Coroutine
from uuid import uuid4

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from tests.routers.support import new_email
from tests.services.test_statements import STATEMENTS, WRITES
from tests.support import (
    IN_REQUEST,
    PASSWORD,
    MakeApp,
    Person,
    RecordedApp,
    assert_error,
    log_in,
    make_client,
    mark_requests,
)
from todo.core.database.pool import Pool
from todo.core.security.passwords import PasswordHasher
from todo.http.request_state import AppResources

NEW_PASSWORD = "staple and a longer one"
Send = Callable[[AsyncClient, Person], Coroutine[object, object, Response]]


async def register(client: AsyncClient, _: Person) -> Response:
    return await client.post("/auth/register", json={"email": new_email(), "password": PASSWORD})


async def log_in_again(client: AsyncClient, owner: Person) -> Response:
    return await log_in(client, owner.email)


async def change_password(client: AsyncClient, _: Person) -> Response:
    return await client.post("/auth/password", json={"old_password": PASSWORD, "new_password": NEW_PASSWORD})


async def change_email(client: AsyncClient, _: Person) -> Response:
    return await client.patch("/auth/me", json={"email": new_email(), "password": PASSWORD})


async def move_to_one_email(client: AsyncClient, owner: Person) -> Response:
    return await client.patch("/auth/me", json={"email": f"moved-{owner.email}", "password": PASSWORD})


async def delete_account(client: AsyncClient, _: Person) -> Response:
    return await client.request("DELETE", "/auth/me", json={"password": PASSWORD})


@pytest.fixture
def busy_connections(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record at the start of each hash how many connections requests hold. The connections of workers do not count."""
    counts: list[int] = []
    busy: set[asyncpg.Connection] = set()
    acquire, release, run = Pool.acquire, Pool.release, PasswordHasher._run

    async def acquire_and_note(pool: Pool) -> asyncpg.Connection:
        connection = await acquire(pool)
        if IN_REQUEST.get():
            busy.add(connection)
        return connection

    async def release_and_note(pool: Pool, connection: asyncpg.Connection, error: BaseException | None = None) -> None:
        busy.discard(connection)
        await release(pool, connection, error)

    async def note_and_run(hasher: PasswordHasher, *arguments: object) -> object:
        counts.append(len(busy))
        return await run(hasher, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Pool, "acquire", acquire_and_note)
    monkeypatch.setattr(Pool, "release", release_and_note)
    monkeypatch.setattr(PasswordHasher, "_run", note_and_run)
    return counts


@pytest.mark.spec("AUT-004")
@pytest.mark.parametrize("send", [register, log_in_again, change_password, change_email, delete_account])
@pytest.mark.parametrize("keyed", [False, True], ids=["without-key", "with-key"])
async def test_no_connection_is_held_while_a_password_is_hashed(
    make_app: MakeApp, ada: Person, busy_connections: list[int], send: Send, keyed: bool
) -> None:
    headers = dict(ada.client.headers) | ({"Idempotency-Key": uuid4().hex} if keyed else {})
    async with make_client(mark_requests(await make_app()), headers=headers) as client:
        response = await send(client, ada)

    assert response.is_success, response.text
    assert busy_connections
    assert set(busy_connections) == {0}


@pytest.mark.spec("AUT-004")
async def test_changes_of_a_name_with_a_key_stay_in_one_transaction(recorded_app: RecordedApp, ada: Person) -> None:
    headers = dict(ada.client.headers) | {"Idempotency-Key": uuid4().hex}
    async with make_client(recorded_app.app, headers=headers) as client:
        response = await client.patch("/auth/me", json={"name": "Ada"})

    words = [statement.split()[0] for statement in recorded_app.statements]
    assert response.status_code == 200
    locks_and_reads, logs = ["INSERT", "SELECT"], ["SELECT", "WITH"]
    in_transaction = ["INSERT", *locks_and_reads, "UPDATE", *logs, "UPDATE"]
    assert words[words.index("BEGIN;") :] == ["BEGIN;", *in_transaction, "COMMIT;"]


@pytest.mark.spec("AUT-004")
@pytest.mark.parametrize("name", STATEMENTS)
def test_deferred_transaction_recognises_every_write(name: str) -> None:
    assert STATEMENTS[name].is_write == (name in WRITES)


# The guarantees of idempotency keys


@pytest.mark.spec("AUT-005")
async def test_password_change_with_a_key_is_replayed(ada: Person) -> None:
    ada.client.headers["Idempotency-Key"] = uuid4().hex
    first = await change_password(ada.client, ada)

    second = await change_password(ada.client, ada)

    assert (first.status_code, second.status_code) == (204, 204)
    assert second.headers["Idempotency-Replayed"] == "true"


@pytest.fixture
async def two_processes(make_app: MakeApp) -> tuple[FastAPI, FastAPI]:
    """Return two applications on one database, which share no lock in memory."""
    return await make_app(), await make_app()


@pytest.mark.spec("AUT-005")
@pytest.mark.parametrize("send", [change_password, move_to_one_email])
async def test_concurrent_requests_with_one_key_write_once(
    two_processes: tuple[FastAPI, FastAPI], ada: Person, send: Send, connection: asyncpg.Connection
) -> None:
    headers = dict(ada.client.headers) | {"Idempotency-Key": uuid4().hex}
    clients = [make_client(app, headers=headers) for app in two_processes * 3]
    responses = await asyncio.gather(*(send(client, ada) for client in clients))

    assert len({response.status_code for response in responses}) == 1
    assert responses[0].is_success, responses[0].text
    replayed = [response.headers.get("Idempotency-Replayed") for response in responses]
    assert sorted(replayed, key=str) == [None] + ["true"] * 5
    keys = await connection.fetchval("SELECT count(*) FROM idempotency_keys WHERE user_id = $1", ada.id)
    assert keys == 1


@pytest.mark.spec("AUT-005")
async def test_request_whose_twin_wins_during_the_hash_gets_the_response_of_the_twin(
    two_processes: tuple[FastAPI, FastAPI], ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = dict(ada.client.headers) | {"Idempotency-Key": uuid4().hex}
    slow, quick = (make_client(app, headers=headers) for app in two_processes)
    resources: AppResources = two_processes[0].state.resources
    verify, twins = resources.security.hasher.verify, []

    async def verify_after_the_twin(password: str, hashed: str | None) -> bool:
        twins.append(await change_password(quick, ada))
        return await verify(password, hashed)

    monkeypatch.setattr(resources.security.hasher, "verify", verify_after_the_twin)
    response = await change_password(slow, ada)

    assert (twins[0].status_code, response.status_code) == (204, 204)
    assert response.headers["Idempotency-Replayed"] == "true"


@pytest.mark.spec("AUT-005")
async def test_wrong_password_leaves_the_key_unused(ada: Person) -> None:
    ada.client.headers["Idempotency-Key"] = uuid4().hex
    body = {"old_password": "wrong password", "new_password": NEW_PASSWORD}

    assert_error(await ada.client.post("/auth/password", json=body), 400, "WRONG_PASSWORD")
    assert (await change_password(ada.client, ada)).status_code == 204


@pytest.mark.spec("AUT-005")
async def test_key_of_another_password_change_is_rejected(ada: Person) -> None:
    ada.client.headers["Idempotency-Key"] = uuid4().hex
    await change_password(ada.client, ada)

    body = {"old_password": NEW_PASSWORD, "new_password": "a third password"}
    assert_error(await ada.client.post("/auth/password", json=body), 422, "IDEMPOTENCY_KEY_REUSED")

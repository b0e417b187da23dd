"""Idempotency keys: a write that is asked for again happens once and is answered the same again."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from uuid import uuid4

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from starlette.types import Message

from tests.support import (
    PASSWORD,
    Json,
    Make,
    MakeApp,
    Person,
    RecordedApp,
    assert_error,
    make_client,
    wait_for_lock_waiters,
)
from todo.services.housekeeping import sweep
from todo.services.idempotency.service import sweep_keys
from todo.services.idempotency.statements import SWEEP_BATCH

REUSED = (422, "IDEMPOTENCY_KEY_REUSED", "This idempotency key was used for another request")
IN_USE = (409, "IDEMPOTENCY_KEY_IN_USE")
INVALID = (400, "INVALID_IDEMPOTENCY_KEY", "Idempotency-Key must be 1-255 printable ASCII characters")
REPLACEMENT: Json = {"title": "Feed the cat", "priority": "low", "completed": True}
EXEMPT = {"register", "login", "refresh", "logout", "create_token"}
"""Operations without keys: those of nobody yet, and those whose answer must not be kept."""
UNKNOWN = 9_000_000_000_000_000_000

INSERT_KEY = "INSERT INTO idempotency_keys (user_id, key, fingerprint) VALUES ($1, $2, 'x')"
AGE_KEYS = "UPDATE idempotency_keys SET created_at = now() - $2::text::interval WHERE user_id = $1"
INSERT_OLD_KEYS = """
INSERT INTO idempotency_keys (user_id, key, fingerprint, created_at)
SELECT $1, 'old ' || i, 'x', now() - interval '24 hours 1 second' FROM generate_series(1, $2) AS i
"""
COUNT_KEYS = "SELECT count(*) FROM idempotency_keys WHERE user_id = $1"
Call = Callable[..., Awaitable[Response]]


@pytest.fixture
def key() -> str:
    """A key that nobody has used."""
    return str(uuid4())


@pytest.fixture
async def task(ada: Person, make_task: Make) -> Json:
    """A task of Ada's."""
    return await make_task(ada)


@pytest.fixture
async def tag(ada: Person, make_tag: Make) -> Json:
    """A tag of Ada's, on no task."""
    return await make_tag(ada)


async def create(owner: Person, key: str, title: str = "Water the plants") -> Response:
    """Create a task with a key."""
    return await owner.client.post("/tasks", json={"title": title}, headers={"Idempotency-Key": key})


async def count_tasks(owner: Person) -> int:
    """Return how many tasks somebody has."""
    total: int = (await owner.client.get("/tasks")).json()["total"]
    return total


def assert_replay(again: Response, first: Response) -> None:
    """Check that an answer is the repetition of another."""
    assert "Idempotency-Replayed" not in first.headers, first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for header in ("ETag", "Content-Type", "Content-Length"):
        assert again.headers.get(header) == first.headers.get(header), header


WRITES: dict[str, tuple[str, str, Json | None, int]] = {
    "create a task": ("POST", "/tasks", {"title": "Water the plants"}, 201),
    "replace a task": ("PUT", "/tasks/{task}", REPLACEMENT, 200),
    "change a task": ("PATCH", "/tasks/{task}", {"completed": True}, 200),
    "delete a task": ("DELETE", "/tasks/{task}", None, 204),
    "create a tag": ("POST", "/tags", {"name": "home"}, 201),
    "replace a tag": ("PUT", "/tags/{tag}", {"name": "house"}, 200),
    "delete a tag": ("DELETE", "/tags/{tag}", None, 204),
    "link": ("POST", "/tasks/{task}/tags/{tag}", None, 201),
    "unlink": ("DELETE", "/tasks/{task}/tags/{tag}", None, 204),
    "change the account": ("PATCH", "/auth/me", {"name": "Ada"}, 200),
}
every_write = pytest.mark.parametrize("name", WRITES)


@pytest.fixture
def write(ada: Person, task: Json, tag: Json, key: str) -> Call:
    """Do one of Ada's writes with the key; other headers as keywords."""

    async def call(name: str, **headers: str) -> Response:
        method, path, body, _ = WRITES[name]
        path = path.format(task=task["id"], tag=tag["id"])
        return await ada.client.request(method, path, json=body, headers={"Idempotency-Key": key, **headers})

    return call


# Once


@pytest.mark.spec("IDK-001")
@every_write
async def test_repeats_the_answer_of_a_write(write: Call, name: str) -> None:
    first, again, once_more = [await write(name) for _ in range(3)]

    assert first.status_code == WRITES[name][3], first.text
    assert_replay(again, first)
    assert_replay(once_more, first)


@pytest.mark.spec("IDK-001")
async def test_writes_once_what_is_asked_for_twice(ada: Person, key: str) -> None:
    first, again = await create(ada, key), await create(ada, key)

    assert first.json()["id"] == again.json()["id"]
    assert await count_tasks(ada) == 1


@pytest.mark.spec("IDK-001")
@pytest.mark.parametrize("name", ["replace a task", "change a task", "link"])
async def test_moves_the_version_once(ada: Person, task: Json, write: Call, name: str) -> None:
    await write(name)
    await write(name)

    assert (await ada.client.get(f"/tasks/{task['id']}")).json()["version"] == 2


@pytest.mark.spec("IDK-001")
async def test_repeats_the_first_answer_when_the_task_was_changed_since(ada: Person, key: str) -> None:
    first = await create(ada, key)
    await ada.client.patch(f"/tasks/{first.json()['id']}", json={"title": "Feed the cat"})

    again = await create(ada, key)

    assert_replay(again, first)
    assert again.headers["ETag"] == '"1"'


@pytest.mark.spec("IDK-001")
async def test_repeats_the_first_answer_when_the_task_was_deleted_since(ada: Person, key: str) -> None:
    first = await create(ada, key)
    await ada.client.delete(f"/tasks/{first.json()['id']}")

    again = await create(ada, key)

    assert_replay(again, first)
    assert await count_tasks(ada) == 0


@pytest.mark.spec("IDK-001")
async def test_repeats_a_change_of_what_was_deleted_since(ada: Person, task: Json, write: Call) -> None:
    first = await write("change a task")
    await ada.client.delete(f"/tasks/{task['id']}")

    assert_replay(await write("change a task"), first)


@pytest.mark.spec("IDK-001")
async def test_repeats_a_link_that_was_undone_since(ada: Person, task: Json, tag: Json, write: Call) -> None:
    first = await write("link")
    await ada.client.delete(f"/tasks/{task['id']}/tags/{tag['id']}")

    assert_replay(await write("link"), first)
    assert (await ada.client.get(f"/tasks/{task['id']}")).json()["tags"] == []


@pytest.mark.spec("IDK-001")
async def test_repeats_a_conditional_write_whose_version_has_moved(write: Call) -> None:
    first = await write("change a task", **{"If-Match": '"1"'})
    again = await write("change a task", **{"If-Match": '"1"'})

    assert first.status_code == 200
    assert_replay(again, first)


async def test_writes_twice_without_a_key_or_with_two(ada: Person) -> None:
    for headers in ({}, {}, {"Idempotency-Key": "a"}, {"Idempotency-Key": "A"}):
        await ada.client.post("/tasks", json={"title": "Water the plants"}, headers=headers)

    assert await count_tasks(ada) == 4


async def test_pays_no_heed_to_a_key_on_a_read(ada: Person, task: Json, key: str) -> None:
    headers = {"Idempotency-Key": key}
    before = await ada.client.get(f"/tasks/{task['id']}", headers=headers)
    await ada.client.patch(f"/tasks/{task['id']}", json={"completed": True})

    after = await ada.client.get(f"/tasks/{task['id']}", headers=headers)

    assert (before.json()["completed"], after.json()["completed"]) == (False, True)
    assert "Idempotency-Replayed" not in after.headers
    assert (await create(ada, key)).status_code == 201


async def test_finds_the_task_of_an_external_id_behind_another_key(ada: Person) -> None:
    body = {"title": "Water the plants", "external_id": "import-7"}

    first, second, again = [
        await ada.client.post("/tasks", json=body, headers={"Idempotency-Key": key}) for key in ("a", "b", "b")
    ]

    assert (first.status_code, second.status_code) == (201, 200)
    assert_replay(again, second)


# Another request


@pytest.mark.spec("IDK-002")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("POST", "/tasks", {"title": "Feed the cat"}, id="body"),
        pytest.param("POST", "/tasks", {"title": "Water the plants", "completed": False}, id="more-of-a-body"),
        pytest.param("POST", "/tags", {"title": "Water the plants"}, id="path"),
        pytest.param("POST", "/tasks?x=1", {"title": "Water the plants"}, id="query"),
        pytest.param("PUT", "/tasks/1", {"title": "Water the plants"}, id="method-and-path"),
        pytest.param("DELETE", "/tasks/1", None, id="no-body"),
    ],
)
async def test_refuses_a_key_of_another_request(
    ada: Person, key: str, method: str, path: str, body: Json | None
) -> None:
    first = await create(ada, key)

    response = await ada.client.request(method, path, json=body, headers={"Idempotency-Key": key})

    assert_error(response, *REUSED)
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"
    assert_replay(await create(ada, key), first)


@pytest.mark.spec("IDK-002")
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_refuses_a_key_of_another_method(ada: Person, task: Json, key: str, method: str) -> None:
    path, other = f"/tasks/{task['id']}", {"PATCH": "PUT", "PUT": "PATCH"}[method]
    await ada.client.request(method, path, json=REPLACEMENT, headers={"Idempotency-Key": key})

    response = await ada.client.request(other, path, json=REPLACEMENT, headers={"Idempotency-Key": key})

    assert_error(response, *REUSED)


@pytest.mark.spec("IDK-002")
@pytest.mark.parametrize("if_match", ['"2"', "*", '"1", "2"'])
async def test_refuses_a_key_of_another_version(write: Call, if_match: str) -> None:
    await write("change a task", **{"If-Match": '"1"'})

    assert_error(await write("change a task", **{"If-Match": if_match}), *REUSED)
    assert_error(await write("change a task"), *REUSED)


@pytest.mark.spec("IDK-002")
async def test_lets_one_of_many_requests_at_once_have_a_key(ada: Person, key: str) -> None:
    answers = await asyncio.gather(*(create(ada, key, f"Number {number}") for number in range(20)))

    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 19
    assert await count_tasks(ada) == 1


# Twins


@pytest.mark.spec("IDK-003")
async def test_writes_once_for_many_twins_at_once(ada: Person, key: str) -> None:
    answers = await asyncio.gather(*(create(ada, key) for _ in range(20)))

    [first] = [answer for answer in answers if "Idempotency-Replayed" not in answer.headers]
    for answer in answers:
        if answer is not first:
            assert_replay(answer, first)
    assert await count_tasks(ada) == 1


@pytest.mark.spec("IDK-003")
@every_write
async def test_writes_once_for_twins_of_every_kind(write: Call, name: str) -> None:
    answers = await asyncio.gather(*(write(name) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {WRITES[name][3]}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1


@pytest.mark.spec("IDK-003")
async def test_writes_once_for_twins_with_a_personal_access_token(ada: Person, make_app: MakeApp, key: str) -> None:
    token = await ada.client.post("/auth/tokens", json={"name": "cron", "scopes": ["tasks:read", "tasks:write"]})
    app = await make_app(db_pool_max=2, db_connection_timeout=3)

    async with make_client(app, headers={"Authorization": f"Bearer {token.json()['token']}"}) as script:
        person = Person(ada.id, ada.email, script)
        answers = await asyncio.gather(*(create(person, key) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {201}
    assert await count_tasks(ada) == 1


async def test_writes_many_with_keys_of_their_own_at_once(ada: Person) -> None:
    answers = await asyncio.gather(*(create(ada, f"key {number}") for number in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert await count_tasks(ada) == 20


@pytest.mark.spec("IDK-008")
async def test_writes_when_the_twin_that_it_waited_for_failed(
    ada: Person, connection: asyncpg.Connection, watcher: asyncpg.Connection, key: str
) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(INSERT_KEY, ada.id, key)
    writing = asyncio.ensure_future(create(ada, key))
    await wait_for_lock_waiters(watcher)

    await transaction.rollback()

    assert (await writing).status_code == 201


@pytest.mark.spec("IDK-002")
async def test_refuses_a_key_when_the_one_that_it_waited_for_was_another(
    ada: Person, connection: asyncpg.Connection, watcher: asyncpg.Connection, key: str
) -> None:
    async with connection.transaction():
        await connection.execute(INSERT_KEY, ada.id, key)
        writing = asyncio.ensure_future(create(ada, key))
        await wait_for_lock_waiters(watcher)

    assert_error(await writing, *REUSED)


@pytest.fixture
async def impatient(ada: Person, make_app: MakeApp) -> None:
    """Have Ada talk to an application that waits for 50 ms."""
    app = await make_app(db_lock_timeout=0.05)
    object.__setattr__(ada, "client", make_client(app, headers=ada.client.headers))


@pytest.mark.spec("IDK-004")
@pytest.mark.usefixtures("impatient")
async def test_says_that_a_twin_is_in_flight(ada: Person, connection: asyncpg.Connection, key: str) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(INSERT_KEY, ada.id, key)

    refused = await create(ada, key)
    await transaction.rollback()

    assert_error(refused, *IN_USE)
    assert (await create(ada, key)).status_code == 201
    assert await count_tasks(ada) == 1


@pytest.mark.spec("IDK-004")
async def test_says_that_a_twin_is_in_flight_although_statements_are_given_up_sooner(
    ada: Person, make_app: MakeApp, connection: asyncpg.Connection, key: str
) -> None:
    client = make_client(await make_app(db_statement_timeout=0.2), headers=ada.client.headers)
    async with connection.transaction():
        await connection.execute(INSERT_KEY, ada.id, key)

        refused = await client.post("/tasks", json={"title": "Twin"}, headers={"Idempotency-Key": key})

    assert_error(refused, *IN_USE)


@pytest.mark.parametrize("keyed", [True, False])
async def test_is_not_surprised_by_who_hangs_up_in_the_middle_of_a_body(
    app: FastAPI, ada: Person, keyed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    authorization = ada.client.headers["Authorization"].encode()
    headers = [(b"authorization", authorization), (b"content-type", b"application/json"), (b"content-length", b"100")]
    headers += [(b"idempotency-key", b"hung up")] if keyed else []
    scope = {"type": "http", "method": "POST", "path": "/api/v1/tasks", "query_string": b"", "headers": headers}
    whole_but_for_its_end = {"type": "http.request", "body": b'{"title": "Half"}', "more_body": True}
    arriving: list[Message] = [whole_but_for_its_end, {"type": "http.disconnect"}]
    sent: list[Message] = []

    async def receive() -> Message:
        return arriving.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)

    assert sent[0]["status"] == 422
    assert "Unexpected error" not in caplog.text
    assert await count_tasks(ada) == 0


@pytest.mark.spec("IDK-004")
async def test_leaves_others_their_connections_while_writes_of_one_person_wait(
    ada: Person, bob: Person, task: Json, make_app: MakeApp, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    app = await make_app(db_pool_min=1, db_pool_max=2, db_pool_timeout=1)
    mine, his = (make_client(app, headers=person.client.headers) for person in (ada, bob))
    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", task["id"])
        writing = asyncio.gather(
            *(
                mine.patch(f"/tasks/{task['id']}", json={"completed": True}, headers={"Idempotency-Key": f"key {n}"})
                for n in range(5)
            )
        )
        await wait_for_lock_waiters(watcher)

        statuses = [(await his.get("/tasks")).status_code for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert [answer.status_code for answer in await writing] == [200] * 5


@pytest.mark.spec("IDK-004")
@pytest.mark.usefixtures("impatient")
async def test_calls_it_unavailable_when_not_the_key_but_the_task_is_locked(
    task: Json, write: Call, connection: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", task["id"])
        refused = await write("change a task")

    assert_error(refused, 503, "SERVICE_UNAVAILABLE")
    assert (await write("change a task")).status_code == 200


@pytest.mark.usefixtures("impatient")
async def test_leaves_its_patience_to_no_other_request(
    ada: Person, task: Json, make_app: MakeApp, connection: asyncpg.Connection, watcher: asyncpg.Connection, key: str
) -> None:
    app = await make_app(db_pool_min=1, db_pool_max=1)
    async with make_client(app, headers=ada.client.headers) as client:
        await create(Person(ada.id, ada.email, client), key)
        async with connection.transaction():
            await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", task["id"])
            patching = asyncio.ensure_future(client.patch(f"/tasks/{task['id']}", json={"completed": True}))
            await wait_for_lock_waiters(watcher)
            held_ms = "SELECT EXTRACT(EPOCH FROM clock_timestamp() - now()) * 1000"
            while await connection.fetchval(held_ms) < 200:
                pass

        assert (await patching).status_code == 200


# For how long


@pytest.mark.spec("IDK-005")
async def test_takes_a_key_for_new_after_24_hours(ada: Person, connection: asyncpg.Connection, key: str) -> None:
    first = await create(ada, key)
    await connection.execute(AGE_KEYS, ada.id, "24 hours 1 second")

    second, again = await create(ada, key), await create(ada, key)

    assert second.json()["id"] != first.json()["id"]
    assert_replay(again, second)


@pytest.mark.spec("IDK-005")
async def test_takes_an_old_key_for_another_request(ada: Person, connection: asyncpg.Connection, key: str) -> None:
    await create(ada, key)
    await connection.execute(AGE_KEYS, ada.id, "24 hours 1 second")

    response = await create(ada, key, "Feed the cat")

    assert response.status_code == 201


@pytest.mark.spec("IDK-005")
async def test_repeats_an_answer_for_24_hours(ada: Person, connection: asyncpg.Connection, key: str) -> None:
    first = await create(ada, key)
    await connection.execute(AGE_KEYS, ada.id, "23 hours 59 minutes")

    assert_replay(await create(ada, key), first)


@pytest.mark.spec("IDK-003", "IDK-005")
async def test_writes_once_for_many_twins_with_an_old_key(
    ada: Person, connection: asyncpg.Connection, key: str
) -> None:
    await create(ada, key)
    await connection.execute(AGE_KEYS, ada.id, "25 hours")

    answers = await asyncio.gather(*(create(ada, key) for _ in range(20)))

    assert len({answer.content for answer in answers}) == 1
    assert await count_tasks(ada) == 2


@pytest.mark.spec("IDK-005")
async def test_keeps_nothing_of_the_old_answer(ada: Person, task: Json, connection: asyncpg.Connection) -> None:
    headers = {"Idempotency-Key": "a"}
    await ada.client.post("/tasks", json={"title": "Water the plants"}, headers=headers)
    await connection.execute(AGE_KEYS, ada.id, "25 hours")

    first, again = [await ada.client.delete(f"/tasks/{task['id']}", headers=headers) for _ in range(2)]

    assert (again.status_code, again.content) == (204, b"")
    assert_replay(again, first)


@pytest.mark.spec("IDK-006")
async def test_sweeps_keys_that_are_old(ada: Person, app: FastAPI, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_OLD_KEYS, ada.id, 2 * SWEEP_BATCH + 1)
    await create(ada, "young")

    await sweep(app.state.resources.database.session)

    keys = await connection.fetch("SELECT key FROM idempotency_keys WHERE user_id = $1", ada.id)
    assert [row["key"] for row in keys] == ["young"]


@pytest.mark.spec("IDK-006")
async def test_sweeps_a_batch_at_a_time(ada: Person, app: FastAPI, connection: asyncpg.Connection) -> None:
    await sweep(app.state.resources.database.session)
    await connection.execute(INSERT_OLD_KEYS, ada.id, SWEEP_BATCH + 1)

    batches = [await sweep_keys(app.state.resources.database.session) for _ in range(3)]

    assert batches == [SWEEP_BATCH, 1, 0]


@pytest.mark.spec("IDK-006")
async def test_sweeps_around_a_key_that_is_being_used(
    ada: Person, app: FastAPI, connection: asyncpg.Connection
) -> None:
    await connection.execute(INSERT_OLD_KEYS, ada.id, 3)

    async with connection.transaction():
        await connection.execute("SELECT FROM idempotency_keys WHERE user_id = $1 AND key = 'old 2' FOR UPDATE", ada.id)
        await sweep(app.state.resources.database.session)
        kept = await connection.fetchval(COUNT_KEYS, ada.id)

    assert kept == 1


@pytest.mark.spec("IDK-006")
async def test_sweeps_twice_at_once(ada: Person, app: FastAPI, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_OLD_KEYS, ada.id, SWEEP_BATCH + 1)

    await asyncio.gather(*(sweep(app.state.resources.database.session) for _ in range(3)))

    assert await connection.fetchval(COUNT_KEYS, ada.id) == 0


# Failures


@pytest.mark.spec("IDK-008")
@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        pytest.param("POST", "/tasks", {"json": {"title": ""}}, 400, id="400"),
        pytest.param("POST", "/tags", {"json": {"name": "home"}}, 400, id="400-of-the-database"),
        pytest.param("PATCH", f"/tasks/{UNKNOWN}", {"json": {"completed": True}}, 404, id="404"),
        pytest.param("POST", "/tasks/{task}/tags/0", {}, 404, id="404-of-a-link"),
        pytest.param("DELETE", "/tasks/{task}", {"headers": {"If-Match": '"7"'}}, 412, id="412"),
        pytest.param("POST", "/tasks", {"json": {}}, 422, id="422"),
    ],
)
async def test_leaves_the_key_of_a_failed_write_unused(
    ada: Person, task: Json, key: str, method: str, path: str, options: Json, status: int
) -> None:
    await ada.client.post("/tags", json={"name": "home"})
    headers = {"Idempotency-Key": key, **options.get("headers", {})}

    failed = await ada.client.request(method, path.format(task=task["id"]), **options | {"headers": headers})
    done = await create(ada, key)

    assert failed.status_code == status
    assert done.status_code == 201
    assert "Idempotency-Replayed" not in done.headers


@pytest.mark.spec("IDK-008")
async def test_does_again_what_failed(ada: Person, task: Json, key: str) -> None:
    headers = {"Idempotency-Key": key, "If-Match": '"2"'}
    path = f"/tasks/{task['id']}"
    failed = await ada.client.patch(path, json={"title": "Feed the cat"}, headers=headers)
    await ada.client.patch(path, json={"completed": True})

    done = await ada.client.patch(path, json={"title": "Feed the cat"}, headers=headers)

    assert (failed.status_code, done.status_code) == (412, 200)


@pytest.mark.spec("IDK-008")
async def test_asks_an_anonymous_caller_to_authenticate_first(client: AsyncClient, key: str) -> None:
    response = await client.post("/tasks", json={"title": "a"}, headers={"Idempotency-Key": key})

    assert_error(response, 401, "MISSING_TOKEN")


async def test_replays_nothing_to_a_token_without_the_scope(ada: Person, app: FastAPI, key: str) -> None:
    await create(ada, key)
    token = await ada.client.post("/auth/tokens", json={"name": "cron", "scopes": ["tasks:read"]})

    async with make_client(app, headers={"Authorization": f"Bearer {token.json()['token']}"}) as script:
        response = await create(Person(ada.id, ada.email, script), key)

    assert_error(response, 403, "INSUFFICIENT_SCOPE")


async def test_refuses_a_key_of_a_user_who_is_gone(ada: Person, connection: asyncpg.Connection, key: str) -> None:
    await create(ada, key)
    await connection.execute("DELETE FROM users WHERE id = $1", ada.id)

    assert_error(await create(ada, key), 401, "INVALID_TOKEN")


# Whose


@pytest.mark.spec("IDK-009")
async def test_keeps_the_keys_of_users_apart(ada: Person, bob: Person, key: str) -> None:
    adas, bobs = await create(ada, key), await create(bob, key, "Feed the cat")

    assert (adas.status_code, bobs.status_code) == (201, 201)
    assert bobs.json()["user_id"] == str(bob.id)
    assert_replay(await create(ada, key), adas)


@pytest.mark.spec("IDK-009")
async def test_shares_the_keys_of_a_person_and_their_script(ada: Person, app: FastAPI, key: str) -> None:
    first = await create(ada, key)
    token = await ada.client.post("/auth/tokens", json={"name": "cron", "scopes": ["tasks:write"]})

    async with make_client(app, headers={"Authorization": f"Bearer {token.json()['token']}"}) as script:
        again = await create(Person(ada.id, ada.email, script), key)

    assert_replay(again, first)


# What a key may be


@pytest.mark.spec("IDK-010")
def test_documents_keys_on_every_write(app: FastAPI) -> None:
    document = app.openapi()

    keyed: dict[str, set[str]] = {"yes": set(), "no": set()}
    for path, item in document["paths"].items():
        for method in {"post", "put", "patch", "delete"} & item.keys():
            headers = {parameter["name"] for parameter in item[method].get("parameters", [])}
            described = "Idempotency-Key" in headers and "409" in item[method]["responses"]
            keyed["yes" if described else "no"].add(item[method]["operationId"])
            assert path

    assert keyed["no"] == EXEMPT
    assert {"create_task", "delete_tag", "remove_tag", "update_me"} <= keyed["yes"]


@pytest.mark.spec("IDK-010")
def test_documents_keys_on_no_read(app: FastAPI) -> None:
    gets = [item["get"] for item in app.openapi()["paths"].values() if "get" in item]

    assert gets
    assert "Idempotency-Key" not in str([operation.get("parameters") for operation in gets])


@pytest.mark.spec("IDK-011")
@pytest.mark.parametrize(
    "key",
    ["", "k" * 256, "a\tb", "a\x7f", "\u00e9", "\U0001f33f"],
    ids=["empty", "256", "tab", "del", "latin", "emoji"],
)
async def test_refuses_a_key_that_is_none(ada: Person, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode())]

    response = await ada.client.post("/tasks", json={"title": "Water the plants"}, headers=headers)

    assert_error(response, *INVALID)
    assert await count_tasks(ada) == 0


@pytest.mark.spec("IDK-011")
@pytest.mark.parametrize("key", ["k", "k" * 255, '"quoted"', "a b", "%00", "'; DROP TABLE tasks; --", "~!@#$^&*()"])
async def test_takes_any_printable_key(ada: Person, key: str) -> None:
    first = await create(ada, key)

    assert first.status_code == 201
    assert_replay(await create(ada, key), first)


# What it costs


async def test_repeats_an_answer_with_two_statements_and_writes_with_two_more_than_without_a_key(
    ada: Person, recorded_app: RecordedApp, key: str
) -> None:
    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        person = Person(ada.id, ada.email, client)
        await create(person, key)
        first = [statement.split()[0] for statement in recorded_app.statements]
        recorded_app.statements.clear()
        await create(person, key)

    assert first == ["BEGIN;", "INSERT", "INSERT", "UPDATE", "COMMIT;"]
    assert [statement.split()[0] for statement in recorded_app.statements] == ["BEGIN;", "INSERT", "SELECT", "COMMIT;"]


# What is kept


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/auth/password", {"old_password": PASSWORD, "new_password": "battery staple"}),
        ("PATCH", "/auth/me", {"email": f"{uuid4().hex}@example.com", "password": PASSWORD}),
    ],
    ids=["password", "e-mail"],
)
async def test_keeps_nothing_from_which_a_password_could_be_guessed(
    ada: Person, connection: asyncpg.Connection, key: str, method: str, path: str, body: Json
) -> None:
    """A plain hash of the request would undo what bcrypt does, for all else in it is known."""
    response = await ada.client.request(method, path, json=body, headers={"Idempotency-Key": key})

    assert response.is_success, response.text
    sent = f"{method} {response.request.url.path}?\n\n".encode() + response.request.content
    kept = await connection.fetchval("SELECT fingerprint FROM idempotency_keys WHERE user_id = $1", ada.id)
    assert kept != sha256(sent).digest()

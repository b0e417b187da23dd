"""One's own account: changed, exported, deleted, and guarded against guessing."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import asyncpg
import bcrypt
import pytest
import time_machine
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from pydantic import TypeAdapter
from starlette.types import Message, Receive, Scope, Send

from tests.support import (
    BASE_URL,
    PASSWORD,
    BcryptCalls,
    Json,
    Make,
    MakeApp,
    MakeLoginSession,
    MakePerson,
    MakeToken,
    Person,
    RecordedApp,
    assert_error,
    authorize,
    log_in,
    make_client,
    refresh,
    refresh_token_of,
)
from todo.schemas.tasks.task import TaskPublic

NEW_PASSWORD = "staple and a longer one"
WRONG = "correct horse batterz"
WRONG_PASSWORD = (400, "WRONG_PASSWORD")
TOO_MANY = (429, "RATE_LIMIT_EXCEEDED", "Too many authentication attempts. Please try again later")
NEW_ADDRESS = (f"2001:db8:acc:{number:x}::1" for number in count(1))

INSERT_TASKS = "INSERT INTO tasks (user_id, title) SELECT $1, 'Task ' || i FROM generate_series(1, $2) AS i"
TABLES_OF_USERS = """
SELECT table_name::text FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'user_id'
"""
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"

Call = Callable[[AsyncClient, str], Coroutine[object, object, Response]]
Guess = Callable[..., Coroutine[object, object, Response]]
ABSENT = object()


def new_email() -> str:
    """Return an address that nobody has yet."""
    return f"{uuid4().hex}@example.com"


async def change(person: Person, **fields: object) -> Response:
    """Change fields of somebody's account."""
    return await person.client.patch("/auth/me", json=fields)


async def change_email(client: AsyncClient, password: str) -> Response:
    """Take another address, with this password beside it."""
    return await client.patch("/auth/me", json={"email": new_email(), "password": password})


async def change_password(client: AsyncClient, password: str) -> Response:
    """Set NEW_PASSWORD, with this as the old one."""
    return await client.post("/auth/password", json={"old_password": password, "new_password": NEW_PASSWORD})


async def delete_account(client: AsyncClient, password: str) -> Response:
    """Delete an account, with this password to confirm it."""
    return await client.request("DELETE", "/auth/me", json={"password": password})


EVERY_CALL_WITH_A_PASSWORD = pytest.mark.parametrize("call", [change_email, change_password, delete_account])


async def get_me(person: Person) -> Json:
    """Return somebody's account as they see it."""
    response = await person.client.get("/auth/me")
    assert response.status_code == 200, response.text
    me: Json = response.json()
    return me


async def fetch_user(connection: asyncpg.Connection, person: Person) -> Json:
    """Return somebody's row."""
    return dict((await connection.fetch("SELECT * FROM users WHERE id = $1", person.id))[0])


# Name


@pytest.mark.spec("ACC-001")
async def test_changes_the_name(ada: Person) -> None:
    before = await get_me(ada)

    response = await change(ada, name="  Ada Lovelace ")

    assert response.status_code == 200
    assert response.json() == before | {"name": "Ada Lovelace"}
    assert await get_me(ada) == response.json()


@pytest.mark.spec("ACC-001")
@pytest.mark.parametrize("name", [None, "", "  "], ids=repr)
async def test_clears_the_name(ada: Person, name: str | None) -> None:
    await change(ada, name="Ada")

    response = await change(ada, name=name)

    assert response.json()["name"] is None
    assert (await get_me(ada))["name"] is None


@pytest.mark.spec("ACC-001")
@pytest.mark.parametrize("fields", [{}, {"password": PASSWORD}, {"id": str(UUID(int=0)), "created_at": None}], ids=repr)
async def test_changes_nothing_that_is_not_sent(ada: Person, fields: Json) -> None:
    await change(ada, name="Ada")
    before = await get_me(ada)

    response = await change(ada, **fields)

    assert response.status_code == 200
    assert response.json() == await get_me(ada) == before


@pytest.mark.spec("ACC-001")
async def test_keeps_the_name_when_the_email_changes(ada: Person) -> None:
    await change(ada, name="Ada")

    response = await change(ada, email=new_email(), password=PASSWORD)

    assert response.json()["name"] == "Ada"


@pytest.mark.spec("ACC-001")
async def test_changes_nobody_elses_name(ada: Person, bob: Person) -> None:
    await change(ada, name="Ada")

    assert (await get_me(bob))["name"] is None


async def test_refuses_a_name_that_is_too_long(ada: Person) -> None:
    assert_error(await change(ada, name="n" * 201), 400, "NAME_TOO_LONG")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": 7},
        {"name": ["Ada"]},
        {"name": "nul\0"},
        {"email": None},
        {"email": 7},
        {"email": "a@b.c", "password": 7},
    ],
    ids=repr,
)
async def test_refuses_a_field_of_a_wrong_type(ada: Person, fields: Json) -> None:
    assert_error(await change(ada, **fields), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"7", b"{", b"\xff"], ids=repr)
@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", "/auth/me"), ("POST", "/auth/password"), ("DELETE", "/auth/me")]
)
async def test_refuses_a_body_that_is_no_object(ada: Person, method: str, path: str, body: bytes) -> None:
    response = await ada.client.request(method, path, content=body, headers={"Content-Type": "application/json"})

    assert_error(response, 422, "VALIDATION_ERROR")


# E-mail


@pytest.mark.spec("ACC-002")
async def test_changes_the_email(ada: Person) -> None:
    before, email = await get_me(ada), new_email()

    response = await change(ada, email=email, password=PASSWORD)

    assert response.status_code == 200
    assert response.json() == before | {"email": email}


@pytest.mark.spec("ACC-002")
async def test_logs_in_with_the_new_email_only(client: AsyncClient, ada: Person) -> None:
    email = new_email()
    await change(ada, email=email, password=PASSWORD)

    by_new, by_old = await log_in(client, email), await log_in(client, ada.email)

    assert by_new.status_code == 200
    assert_error(by_old, 401, "INVALID_CREDENTIALS")


@pytest.mark.spec("ACC-002")
async def test_changes_how_the_own_email_is_written(ada: Person) -> None:
    email = ada.email.replace("example", "EXAMPLE").upper()

    response = await change(ada, email=email, password=PASSWORD)

    assert response.status_code == 200
    assert response.json()["email"] == email.replace("EXAMPLE.COM", "example.com")


@pytest.mark.spec("ACC-002")
async def test_changes_name_and_email_together(ada: Person) -> None:
    email = new_email()

    response = await change(ada, name="Ada", email=email, password=PASSWORD)

    assert (response.json()["name"], response.json()["email"]) == ("Ada", email)


@pytest.mark.spec("ACC-003")
@pytest.mark.parametrize("password", [{}, {"password": ""}, {"password": WRONG}, {"password": "p" * 5_000}], ids=len)
async def test_changes_no_email_without_the_password(ada: Person, password: Json) -> None:
    before = await get_me(ada)

    response = await change(ada, name="Eve", email=new_email(), **password)

    assert_error(response, *WRONG_PASSWORD)
    assert await get_me(ada) == before


@pytest.mark.spec("ACC-003")
async def test_changes_no_email_with_somebody_elses_password(client: AsyncClient, ada: Person) -> None:
    email = new_email()
    await client.post("/auth/register", json={"email": email, "password": NEW_PASSWORD})

    assert_error(await change(ada, email=new_email(), password=NEW_PASSWORD), *WRONG_PASSWORD)


@pytest.mark.spec("ACC-003")
@pytest.mark.parametrize("spell", [str, str.upper], ids=["same", "capitals"])
async def test_refuses_an_email_that_somebody_has(ada: Person, bob: Person, spell: Callable[[str], str]) -> None:
    response = await change(ada, email=spell(bob.email), password=PASSWORD)

    assert_error(response, 400, "EMAIL_ALREADY_EXISTS", "A user with this email already exists")
    assert (await get_me(ada))["email"] == ada.email


@pytest.mark.spec("ACC-003")
async def test_says_nothing_of_other_peoples_emails_without_the_password(ada: Person, bob: Person) -> None:
    assert_error(await change(ada, email=bob.email, password=WRONG), *WRONG_PASSWORD)


@pytest.mark.spec("ACC-003")
async def test_lets_one_of_many_at_once_have_an_email(make_person: MakePerson) -> None:
    email, people = new_email(), [await make_person() for _ in range(5)]

    responses = await asyncio.gather(*(change(person, email=email, password=PASSWORD) for person in people))

    assert sorted(response.status_code for response in responses) == [200] + [400] * 4


@pytest.mark.parametrize("email", ["", "ada", "ada@localhost", "a" * 309 + "@example.com"], ids=len)
async def test_refuses_a_bad_email(ada: Person, email: str) -> None:
    response = await change(ada, email=email, password=PASSWORD)

    assert_error(response, 400, "INVALID_EMAIL", "Please provide a valid email address")


# Password


@pytest.mark.spec("ACC-004")
async def test_logs_in_with_the_new_password_only(client: AsyncClient, ada: Person) -> None:
    response = await change_password(ada.client, PASSWORD)

    assert response.status_code == 204
    assert response.content == b""
    assert (await log_in(client, ada.email, NEW_PASSWORD)).status_code == 200
    assert_error(await log_in(client, ada.email, PASSWORD), 401, "INVALID_CREDENTIALS")


@pytest.mark.spec("ACC-004")
async def test_ends_the_other_sessions_with_a_new_password(
    client: AsyncClient, ada: Person, make_login_session: MakeLoginSession
) -> None:
    telephone = await make_login_session(ada)

    await change_password(ada.client, PASSWORD)

    assert_error(await telephone.client.get("/auth/sessions"), 401, "SESSION_ENDED")
    assert_error(await refresh(client, refresh_token_of(telephone)), 401, "INVALID_TOKEN")


@pytest.mark.spec("ACC-004")
async def test_keeps_the_session_that_set_a_new_password(client: AsyncClient, ada: Person) -> None:
    await change_password(ada.client, PASSWORD)

    assert len((await ada.client.get("/auth/sessions")).json()) == 1
    assert (await refresh(client, refresh_token_of(ada))).status_code == 200


@pytest.mark.spec("ACC-004")
async def test_ends_nobody_elses_session_with_a_new_password(ada: Person, bob: Person) -> None:
    await change_password(ada.client, PASSWORD)

    assert len((await bob.client.get("/auth/sessions")).json()) == 1


@pytest.mark.spec("ACC-004")
async def test_keeps_personal_access_tokens_with_a_new_password(
    client: AsyncClient, ada: Person, make_token: MakeToken
) -> None:
    token = await make_token(ada, "tasks:read")

    await change_password(ada.client, PASSWORD)

    assert (await client.get("/tasks", headers=authorize(token["token"]))).status_code == 200


@pytest.mark.spec("ACC-005")
@pytest.mark.parametrize("password", ["", WRONG, NEW_PASSWORD, "p" * 5_000], ids=len)
async def test_sets_no_password_without_the_old_one(
    ada: Person, make_login_session: MakeLoginSession, connection: asyncpg.Connection, password: str
) -> None:
    telephone, before = await make_login_session(ada), await fetch_user(connection, ada)

    response = await change_password(ada.client, password)

    assert_error(response, *WRONG_PASSWORD)
    assert await fetch_user(connection, ada) == before
    assert (await telephone.client.get("/auth/sessions")).status_code == 200


async def test_names_the_field_that_has_the_wrong_password(ada: Person) -> None:
    response = await change_password(ada.client, WRONG)

    assert [problem["field"] for problem in response.json()["errors"]] == ["old_password"]


@pytest.mark.parametrize(
    ("password", "code"), [("seven77", "PASSWORD_TOO_SHORT"), ("p" * 1025, "PASSWORD_TOO_LONG")], ids=["short", "long"]
)
async def test_refuses_a_new_password_that_is_none(ada: Person, password: str, code: str) -> None:
    response = await ada.client.post("/auth/password", json={"old_password": PASSWORD, "new_password": password})

    assert_error(response, 400, code)
    assert [problem["field"] for problem in response.json()["errors"]] == ["new_password"]


@pytest.mark.parametrize("missing", ["old_password", "new_password"])
@pytest.mark.parametrize("value", [ABSENT, None, 12_345_678], ids=["absent", "null", "number"])
async def test_refuses_to_set_a_password_without_a_field(ada: Person, missing: str, value: object) -> None:
    fields = {"old_password": PASSWORD, "new_password": NEW_PASSWORD} | {missing: value}
    body = {name: field for name, field in fields.items() if field is not ABSENT}

    response = await ada.client.post("/auth/password", json=body)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [problem["field"] for problem in response.json()["errors"]] == [missing]


# Deletion


async def count_rows(connection: asyncpg.Connection, person: Person) -> Json:
    """Return how many rows of a person each table has that knows of people."""
    tables = [row["table_name"] for row in await connection.fetch(TABLES_OF_USERS)]
    statements = {table: f"SELECT count(*) FROM {table} WHERE user_id = $1" for table in tables}
    statements["users"] = "SELECT count(*) FROM users WHERE id = $1"
    return {table: await connection.fetchval(statement, person.id) for table, statement in statements.items()}


@pytest.fixture
async def settled(ada: Person, make_task: Make, make_tag: Make, make_token: MakeToken) -> Person:
    """Ada, with something of hers in every table."""
    task, tag = await make_task(ada), await make_tag(ada)
    headers = {"Idempotency-Key": uuid4().hex}
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}", headers=headers)
    await make_token(ada, "tasks:read")
    return ada


@pytest.mark.spec("ACC-006")
async def test_leaves_nothing_of_somebody_who_is_deleted(settled: Person, connection: asyncpg.Connection) -> None:
    before = await count_rows(connection, settled)

    response = await delete_account(settled.client, PASSWORD)

    assert response.status_code == 204
    assert response.content == b""
    assert {*before} >= {"tasks", "tags", "task_tag_link", "sessions", "access_tokens", "idempotency_keys", "users"}
    assert 0 not in before.values()
    assert await count_rows(connection, settled) == dict.fromkeys(before, 0)


@pytest.mark.spec("ACC-006")
async def test_leaves_nothing_of_somebody_who_is_deleted_once_by_key(
    settled: Person, connection: asyncpg.Connection
) -> None:
    settled.client.headers["Idempotency-Key"] = uuid4().hex

    response = await delete_account(settled.client, PASSWORD)

    assert response.status_code == 204
    assert {*(await count_rows(connection, settled)).values()} == {0}


@pytest.mark.spec("ACC-006")
async def test_leaves_everything_of_everybody_else(
    settled: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    before = await count_rows(connection, settled)

    await delete_account(bob.client, PASSWORD)

    assert await count_rows(connection, settled) == before


@pytest.mark.spec("ACC-006")
async def test_knows_nobody_who_is_deleted(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token, refresh_token = await make_token(ada, "tasks:read"), refresh_token_of(ada)
    await delete_account(ada.client, PASSWORD)

    assert_error(await ada.client.get("/auth/me"), 401, "INVALID_TOKEN")
    assert_error(await refresh(client, refresh_token), 401, "INVALID_TOKEN")
    assert_error(await log_in(client, ada.email), 401, "INVALID_CREDENTIALS")
    assert_error(await client.get("/tasks", headers=authorize(token["token"])), 401, "INVALID_TOKEN")
    assert_error(await ada.client.post("/tasks", json={"title": "Haunt"}), 401, "INVALID_TOKEN")


@pytest.mark.spec("ACC-006")
async def test_clears_the_cookie_of_whoever_is_deleted(ada: Person) -> None:
    response = await delete_account(ada.client, PASSWORD)

    attributes = "HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth; Max-Age=0"
    assert response.headers["Set-Cookie"] == f"refresh_token=; {attributes}"


@pytest.mark.spec("ACC-006")
async def test_lets_somebody_register_again_who_was_deleted(make_person: MakePerson, ada: Person) -> None:
    await delete_account(ada.client, PASSWORD)

    again = await make_person(ada.email)

    assert again.id != ada.id
    assert (await again.client.get("/tasks")).json()["total"] == 0


@pytest.mark.spec("ACC-006")
@pytest.mark.parametrize("password", ["", WRONG, "p" * 5_000], ids=len)
async def test_deletes_nobody_without_their_password(
    ada: Person, connection: asyncpg.Connection, password: str
) -> None:
    response = await delete_account(ada.client, password)

    assert_error(response, *WRONG_PASSWORD)
    assert (await count_rows(connection, ada))["users"] == 1


@pytest.mark.parametrize("body", [{}, {"password": None}, {"password": 7}, {"confirm": PASSWORD}], ids=repr)
async def test_deletes_nobody_without_a_password(ada: Person, body: Json) -> None:
    response = await ada.client.request("DELETE", "/auth/me", json=body)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert (await ada.client.get("/auth/me")).status_code == 200


# A password that changes while it is checked


@pytest.mark.spec("ACC-003", "ACC-005", "ACC-006")
@EVERY_CALL_WITH_A_PASSWORD
async def test_does_nothing_for_a_password_that_was_replaced_meanwhile(
    ada: Person, connection: asyncpg.Connection, call: Call
) -> None:
    async with connection.transaction():
        await connection.execute("UPDATE users SET password_hash = 'replaced' WHERE id = $1", ada.id)
        request = asyncio.create_task(call(ada.client, PASSWORD))
        async with asyncio.timeout(10):
            while not await connection.fetchval(WAITING) and not request.done():
                pass
    response = await request

    assert_error(response, *WRONG_PASSWORD)
    user = await fetch_user(connection, ada)
    assert (user["email"], user["password_hash"]) == (ada.email, "replaced")


class Gate:
    """Holds up every hash until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def pass_through(self) -> None:
        """Say that somebody is here, and wait."""
        self.reached.set()
        self.opened.wait(10)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Hold up bcrypt, which does its work all the same when it may."""
    gate, hash_password = Gate(), bcrypt.hashpw

    def wait_and_hash(password: bytes, salt: bytes) -> bytes:
        gate.pass_through()
        return hash_password(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", wait_and_hash)
    yield gate
    gate.opened.set()


@pytest.mark.spec("ACC-004")
async def test_begins_no_session_with_a_password_that_was_replaced_meanwhile(
    client: AsyncClient, ada: Person, connection: asyncpg.Connection, gate: Gate
) -> None:
    request = asyncio.create_task(log_in(client, ada.email))
    await asyncio.to_thread(gate.reached.wait, 10)
    await connection.execute("UPDATE users SET password_hash = 'replaced' WHERE id = $1", ada.id)
    gate.opened.set()
    response = await request

    assert_error(response, 401, "INVALID_CREDENTIALS")
    assert await connection.fetchval("SELECT count(*) FROM sessions WHERE user_id = $1", ada.id) == 1


# Export


async def export(person: Person) -> Json:
    """Return everything of somebody's."""
    response = await person.client.get("/auth/me/export")
    assert response.status_code == 200, response.text
    document: Json = response.json()
    return document


@pytest.mark.spec("ACC-007")
async def test_exports_everything(ada: Person, make_task: Make, make_tag: Make) -> None:
    tags = [await make_tag(ada, name="b", color="#FF5733"), await make_tag(ada, name="a")]
    tasks = [await make_task(ada, title="Ünïcödé \u2028 </script>", due_date="2026-12-01"), await make_task(ada)]
    for tag in tags:
        await ada.client.post(f"/tasks/{tasks[0]['id']}/tags/{tag['id']}")

    document = await export(ada)

    assert document["user"] == await get_me(ada)
    assert document["tags"] == (await ada.client.get("/tags")).json()
    assert document["tasks"] == [(await ada.client.get(f"/tasks/{task['id']}")).json() for task in tasks]


@pytest.mark.spec("ACC-007")
async def test_says_what_an_export_is_and_of_when(ada: Person) -> None:
    response = await ada.client.get("/auth/me/export")

    document = response.json()
    assert list(document) == ["format", "version", "exported_at", "user", "tags", "tasks"]
    assert (document["format"], document["version"]) == ("todo-export", 1)
    assert document["exported_at"].endswith("Z")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(document["exported_at"])) < timedelta(minutes=1)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Disposition"] == 'attachment; filename="todo-export.json"'
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.spec("ACC-007")
async def test_exports_an_empty_account(ada: Person) -> None:
    document = await export(ada)

    assert (document["tags"], document["tasks"]) == ([], [])


@pytest.mark.spec("ACC-007")
async def test_exports_nothing_of_somebody_else(ada: Person, bob: Person, make_task: Make, make_tag: Make) -> None:
    await make_task(bob)
    await make_tag(bob)

    document = await export(ada)

    assert (document["tags"], document["tasks"]) == ([], [])
    assert str(bob.id) not in json.dumps(document)


@pytest.mark.spec("ACC-007")
async def test_exports_no_secret(settled: Person, connection: asyncpg.Connection) -> None:
    user = await fetch_user(connection, settled)

    response = await settled.client.get("/auth/me/export")

    assert user["password_hash"] not in response.text
    assert "hash" not in response.text


@pytest.mark.spec("ACC-008")
@pytest.mark.parametrize("tasks", [499, 500, 501, 1_000, 1_200])
async def test_exports_more_tasks_than_a_piece_holds(ada: Person, connection: asyncpg.Connection, tasks: int) -> None:
    await connection.execute(INSERT_TASKS, ada.id, tasks)

    document = await export(ada)

    read = TypeAdapter(list[TaskPublic]).validate_python(document["tasks"])
    assert [task["title"] for task in read] == [f"Task {number}" for number in range(1, tasks + 1)]
    assert len({task["id"] for task in read}) == tasks


@pytest.mark.spec("ACC-008")
async def test_sends_an_export_piece_by_piece(app: FastAPI, ada: Person, connection: asyncpg.Connection) -> None:
    pieces: list[bytes] = []

    async def noting_pieces(scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Message) -> None:
            pieces.append(message.get("body", b""))
            await send(message)

        await app(scope, receive, note)

    await connection.execute(INSERT_TASKS, ada.id, 1_200)
    transport = ASGITransport(noting_pieces)
    async with AsyncClient(transport=transport, base_url=BASE_URL, headers=ada.client.headers) as client:
        response = await client.get("/auth/me/export")

    assert len(response.json()["tasks"]) == 1_200
    assert max(map(len, pieces)) < len(response.content) / 2


@pytest.mark.spec("ACC-008")
async def test_reads_an_export_with_few_statements(
    recorded_app: RecordedApp, ada: Person, connection: asyncpg.Connection
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 1_200)
    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        response = await client.get("/auth/me/export")

    assert response.status_code == 200
    assert len(recorded_app.statements) <= 8


async def test_exports_nothing_for_somebody_who_is_gone(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute("DELETE FROM users WHERE id = $1", ada.id)

    response = await ada.client.get("/auth/me/export")

    assert response.status_code == 401


# Guessing


@pytest.fixture(scope="module")
async def limited_app(make_session_app: MakeApp) -> FastAPI:
    """Return an application that counts wrong passwords by account, and by address as few as the contract says."""
    return await make_session_app(rate_limit_enabled=True)


@pytest.fixture
def guess(limited_app: FastAPI) -> Guess:
    """Log in from an address that was never seen before; with a wrong password unless it is given."""

    async def guess(email: str, password: str = WRONG, address: str | None = None) -> Response:
        async with make_client(limited_app, address or next(NEW_ADDRESS)) as client:
            return await log_in(client, email, password)

    return guess


@pytest.mark.spec("ACC-009")
async def test_counts_wrong_passwords_from_whatever_address(guess: Guess, ada: Person) -> None:
    statuses = [(await guess(ada.email)).status_code for _ in range(10)]

    response = await guess(ada.email)

    assert statuses == [401] * 10
    assert_error(response, *TOO_MANY)
    assert 1 <= int(response.headers["Retry-After"]) <= 60


@pytest.mark.spec("ACC-009")
async def test_refuses_the_right_password_too_from_a_new_address(guess: Guess, ada: Person) -> None:
    for _ in range(10):
        await guess(ada.email)

    assert_error(await guess(ada.email, PASSWORD), *TOO_MANY)


@pytest.mark.spec("ACC-009")
async def test_takes_no_guess_too_many_of_many_at_once(
    limited_app: FastAPI, guess: Guess, ada: Person, gate: Gate
) -> None:
    passwords = [WRONG] * 15 + [PASSWORD]
    guesses = [asyncio.create_task(guess(ada.email, password)) for password in passwords]
    async with make_client(limited_app, headers=ada.client.headers) as other:
        # Connections are lent in turn: once these were answered, every guess has got as far as its password.
        for _ in passwords:
            await other.get("/auth/me")
    gate.opened.set()
    statuses = [(await guess).status_code for guess in guesses]

    assert sorted(statuses) == [401] * 10 + [429] * 6


SPELLINGS = pytest.mark.parametrize(
    "spell",
    [
        pytest.param(str.upper, id="capitals"),
        pytest.param(lambda email: email.replace("example", "e\uff58ample"), id="fullwidth-domain"),
        pytest.param(lambda email: email.replace(".com", "\u3002com"), id="fullwidth-dot"),
    ],
)


@pytest.mark.spec("ACC-009")
@SPELLINGS
async def test_counts_an_account_once_however_it_is_written(
    guess: Guess, ada: Person, spell: Callable[[str], str]
) -> None:
    assert (await guess(spell(ada.email), PASSWORD)).status_code == 200
    for _ in range(10):
        await guess(ada.email)

    assert_error(await guess(spell(ada.email)), *TOO_MANY)


@pytest.mark.spec("ACC-009", "ACC-011")
@SPELLINGS
async def test_counts_an_unknown_email_once_however_it_is_written(guess: Guess, spell: Callable[[str], str]) -> None:
    email = new_email()
    for _ in range(10):
        await guess(email)

    assert_error(await guess(spell(email)), *TOO_MANY)


@pytest.mark.spec("ACC-009")
async def test_counts_each_account_by_itself(guess: Guess, ada: Person, bob: Person) -> None:
    for _ in range(11):
        await guess(ada.email)

    assert (await guess(bob.email, PASSWORD)).status_code == 200


@pytest.mark.spec("ACC-009")
async def test_counts_no_right_password(guess: Guess, ada: Person) -> None:
    statuses = {(await guess(ada.email, PASSWORD)).status_code for _ in range(12)}

    assert statuses == {200}


@pytest.mark.spec("ACC-009", "ACC-011")
async def test_counts_an_unknown_email_as_it_does_an_account(guess: Guess) -> None:
    email = new_email()
    statuses = [(await guess(email)).status_code for _ in range(11)]

    assert statuses == [401] * 10 + [429]


@pytest.mark.spec("ACC-009")
async def test_lets_an_account_in_again_after_the_window(guess: Guess, ada: Person) -> None:
    for _ in range(11):
        await guess(ada.email)

    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61), tick=True):
        response = await guess(ada.email, PASSWORD)

    assert response.status_code == 200


@pytest.mark.spec("ACC-009")
@EVERY_CALL_WITH_A_PASSWORD
async def test_counts_wrong_passwords_of_whoever_is_logged_in(limited_app: FastAPI, ada: Person, call: Call) -> None:
    statuses = []
    for _ in range(10):
        async with make_client(limited_app, next(NEW_ADDRESS), headers=ada.client.headers) as client:
            statuses.append((await call(client, WRONG)).status_code)

    async with make_client(limited_app, next(NEW_ADDRESS), headers=ada.client.headers) as client:
        response = await call(client, PASSWORD)

    assert statuses == [400] * 10
    assert_error(response, *TOO_MANY)


@pytest.mark.spec("ACC-009")
async def test_takes_the_limit_of_an_account_from_the_settings(make_app: MakeApp, ada: Person) -> None:
    app = await make_app(rate_limit_enabled=True, rate_limit_account="2/minute")
    statuses = []
    for _ in range(3):
        async with make_client(app, next(NEW_ADDRESS)) as client:
            statuses.append((await log_in(client, ada.email, WRONG)).status_code)

    assert statuses == [401, 401, 429]


@pytest.mark.spec("ACC-010")
async def test_locks_no_owner_out_who_is_where_they_logged_in_before(guess: Guess, ada: Person) -> None:
    home = next(NEW_ADDRESS)
    assert (await guess(ada.email, PASSWORD, home)).status_code == 200
    for _ in range(15):
        await guess(ada.email)

    response = await guess(ada.email, PASSWORD, home)

    assert response.status_code == 200


@pytest.mark.spec("ACC-010")
@EVERY_CALL_WITH_A_PASSWORD
async def test_locks_no_owner_out_who_is_logged_in(limited_app: FastAPI, guess: Guess, ada: Person, call: Call) -> None:
    for _ in range(11):
        await guess(ada.email)

    async with make_client(limited_app, headers=ada.client.headers) as client:
        response = await call(client, PASSWORD)

    assert response.status_code in (200, 204)


@pytest.mark.spec("ACC-010")
async def test_knows_an_address_after_its_session_has_ended(guess: Guess, ada: Person) -> None:
    home = next(NEW_ADDRESS)
    assert (await guess(ada.email, PASSWORD, home)).status_code == 200
    await ada.client.post("/auth/logout-all")
    for _ in range(15):
        await guess(ada.email)

    response = await guess(ada.email, PASSWORD, home)

    assert response.status_code == 200


@pytest.mark.spec("ACC-010")
async def test_trusts_no_address_for_the_account_of_somebody_else(guess: Guess, ada: Person, bob: Person) -> None:
    home = next(NEW_ADDRESS)
    assert (await guess(bob.email, PASSWORD, home)).status_code == 200
    for _ in range(10):
        await guess(ada.email)

    assert_error(await guess(ada.email, PASSWORD, home), *TOO_MANY)


# The cost of a guess


@pytest.mark.spec("ACC-011")
async def test_does_the_same_work_for_an_unknown_email_as_for_a_wrong_password(
    recorded_app: RecordedApp, ada: Person, bcrypt_calls: BcryptCalls
) -> None:
    work: list[tuple[list[str], list[int]]] = []
    async with make_client(recorded_app.app) as client:
        for email in (new_email(), ada.email):
            recorded_app.statements.clear()
            bcrypt_calls.costs.clear()
            assert_error(await log_in(client, email, WRONG), 401, "INVALID_CREDENTIALS")
            work.append((recorded_app.statements.copy(), bcrypt_calls.costs.copy()))

    of_unknown, of_wrong = work
    assert of_unknown == of_wrong
    assert len(of_wrong[0]) == 1
    assert of_wrong[1] == [4]


@pytest.mark.spec("ACC-011")
async def test_hashes_at_the_cost_of_the_settings_for_an_unknown_email(
    make_app: MakeApp, bcrypt_calls: BcryptCalls
) -> None:
    async with make_client(await make_app(bcrypt_rounds=6)) as client:
        bcrypt_calls.costs.clear()
        await log_in(client, new_email(), WRONG)

    assert bcrypt_calls.costs == [6]

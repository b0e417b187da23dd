"""Personal access tokens: made, listed and deleted by a person, and used by scripts."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import asyncpg
import pytest
import time_machine
from httpx import AsyncClient, Response

from tests.support import Json, Make, MakeToken, Person, RecordedApp, assert_error, authorize, make_client
from todo.domain.scope import SCOPES

TOKEN = r"todo_pat_[A-Za-z0-9_-]{43}"
INVALID_TOKEN = (401, "INVALID_TOKEN", "Invalid authentication token")
NOON = datetime.now(UTC).replace(microsecond=123_456)


async def create(person: Person, **fields: object) -> Response:
    """Ask for a token; the name is one of a kind and the scope tasks:read unless given."""
    return await person.client.post("/auth/tokens", json={"name": uuid4().hex, "scopes": ["tasks:read"]} | fields)


async def list_tokens(person: Person) -> list[Json]:
    """Return somebody's tokens as they see them."""
    response = await person.client.get("/auth/tokens")
    assert response.status_code == 200, response.text
    tokens: list[Json] = response.json()
    return tokens


async def list_tasks(client: AsyncClient, token: Json) -> Response:
    """Do what most tokens here are for."""
    return await client.get("/tasks", headers=authorize(token["token"]))


# Making them


@pytest.mark.spec("PAT-001")
async def test_creates_a_token(ada: Person) -> None:
    response = await create(ada, name="  Backup ⛁ ", scopes=["tasks:read", "tags:read"])

    assert response.status_code == 201
    token = response.json()
    assert set(token) == {"id", "name", "scopes", "created_at", "expires_at", "last_used_at", "token"}
    assert isinstance(token["id"], int)
    assert (token["name"], sorted(token["scopes"])) == ("Backup ⛁", ["tags:read", "tasks:read"])
    assert (token["expires_at"], token["last_used_at"]) == (None, None)
    assert re.fullmatch(TOKEN, token["token"])


@pytest.mark.spec("PAT-001")
async def test_gives_every_token_a_secret_of_its_own(ada: Person, make_token: MakeToken) -> None:
    tokens = {(await make_token(ada, "tasks:read"))["token"] for _ in range(5)}

    assert len(tokens) == 5


@pytest.mark.spec("PAT-001")
async def test_does_for_a_token_what_its_owner_may_do(
    client: AsyncClient, ada: Person, make_token: MakeToken, make_task: Make
) -> None:
    task = await make_task(ada)

    response = await list_tasks(client, await make_token(ada, "tasks:read"))

    assert response.status_code == 200
    assert [item["id"] for item in response.json()["items"]] == [task["id"]]


@pytest.mark.spec("PAT-001")
async def test_writes_for_the_owner_of_a_token(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:write")

    response = await client.post("/tasks", json={"title": "By a script"}, headers=authorize(token["token"]))

    assert response.status_code == 201
    assert response.json()["user_id"] == str(ada.id)


@pytest.mark.spec("PAT-001")
@pytest.mark.parametrize("scope", SCOPES)
async def test_gives_every_scope_there_is(ada: Person, scope: str) -> None:
    response = await create(ada, scopes=[scope])

    assert response.status_code == 201
    assert response.json()["scopes"] == [scope]


@pytest.mark.spec("PAT-001")
async def test_gives_a_scope_once_that_was_asked_for_twice(ada: Person) -> None:
    response = await create(ada, scopes=["account", "account"])

    assert response.json()["scopes"] == ["account"]


@pytest.mark.spec("PAT-002")
async def test_stores_only_the_hash_of_a_token(
    ada: Person, make_token: MakeToken, connection: asyncpg.Connection
) -> None:
    token = await make_token(ada, "tasks:read")

    [row] = await connection.fetch("SELECT * FROM access_tokens WHERE user_id = $1", ada.id)

    assert row["token_hash"] == sha256(token["token"].encode()).digest()
    assert token["token"].removeprefix("todo_pat_") not in repr(dict(row))


@pytest.mark.spec("PAT-009")
async def test_makes_no_second_token_of_a_name(ada: Person) -> None:
    await create(ada, name="backup")

    response = await create(ada, name=" backup ", scopes=["account"])

    assert_error(response, 400, "TOKEN_ALREADY_EXISTS", "A personal access token with this name already exists")
    assert [problem["field"] for problem in response.json()["errors"]] == ["name"]
    assert [token["scopes"] for token in await list_tokens(ada)] == [["tasks:read"]]


@pytest.mark.spec("PAT-009")
async def test_makes_one_of_many_at_once_of_a_name(ada: Person) -> None:
    responses = await asyncio.gather(*(create(ada, name="backup") for _ in range(20)))

    assert sorted(response.status_code for response in responses) == [201] + [400] * 19


@pytest.mark.spec("PAT-009")
async def test_lets_two_people_give_one_name(ada: Person, bob: Person) -> None:
    statuses = [(await create(person, name="backup")).status_code for person in (ada, bob)]

    assert statuses == [201, 201]


@pytest.mark.spec("PAT-009")
async def test_gives_a_name_again_that_was_deleted(ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read", name="backup")
    await ada.client.delete(f"/auth/tokens/{token['id']}")

    assert (await create(ada, name="backup")).status_code == 201


@pytest.mark.parametrize("name", ["", "  ", "n" * 101], ids=["empty", "blank", "long"])
async def test_refuses_a_bad_name(ada: Person, name: str) -> None:
    response = await create(ada, name=name)

    assert_error(response, 400, "INVALID_TOKEN_NAME", "Token name is required and must be 1-100 characters")


async def test_takes_the_longest_name(ada: Person) -> None:
    assert (await create(ada, name=f" {'🌱' * 100} ")).json()["name"] == "🌱" * 100


@pytest.mark.parametrize("scopes", [[], ["tasks"], ["tasks:read", "admin"], ["TASKS:READ"], ["*"], [""]], ids=repr)
async def test_refuses_a_scope_that_nobody_knows(ada: Person, scopes: list[str]) -> None:
    assert_error(await create(ada, scopes=scopes), 400, "INVALID_SCOPE")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": None},
        {"name": 7},
        {"name": "nul\0"},
        {"scopes": None},
        {"scopes": "tasks:read"},
        {"scopes": [7]},
        {"scopes": {"tasks:read": True}},
        {"expires_at": 7},
        {"expires_at": ["2099-01-01"]},
    ],
    ids=repr,
)
async def test_refuses_a_field_of_a_wrong_type(ada: Person, fields: Json) -> None:
    assert_error(await create(ada, **fields), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("missing", ["name", "scopes"])
async def test_refuses_to_create_a_token_without_a_field(ada: Person, missing: str) -> None:
    body: Json = {"name": "backup", "scopes": ["tasks:read"]}
    del body[missing]

    response = await ada.client.post("/auth/tokens", json=body)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [problem["field"] for problem in response.json()["errors"]] == [missing]


# Their time


@pytest.mark.spec("PAT-006")
async def test_keeps_the_expiry_in_utc(ada: Person) -> None:
    response = await create(ada, expires_at="2099-01-01T00:00:00+02:00")

    assert response.json()["expires_at"] == "2098-12-31T22:00:00Z"


@pytest.mark.spec("PAT-006")
@pytest.mark.parametrize(("seconds", "status"), [(3599.9, 200), (3600, 401), (86_400, 401)])
async def test_refuses_a_token_from_its_expiry_on(
    client: AsyncClient, ada: Person, make_token: MakeToken, seconds: float, status: int
) -> None:
    token = await make_token(ada, "tasks:read", expires_at=(NOON + timedelta(hours=1)).isoformat())

    with time_machine.travel(NOON + timedelta(seconds=seconds), tick=False):
        response = await list_tasks(client, token)

    assert response.status_code == status


@pytest.mark.spec("PAT-006")
async def test_says_that_a_token_has_expired(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read", expires_at=(NOON + timedelta(hours=1)).isoformat())

    with time_machine.travel(NOON + timedelta(hours=2), tick=False):
        response = await list_tasks(client, token)

    assert_error(response, 401, "TOKEN_EXPIRED", "Access token has expired")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("PAT-006")
async def test_takes_a_token_without_expiry_for_ever(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read", expires_at=None)

    with time_machine.travel(NOON + timedelta(days=30_000), tick=False):
        response = await list_tasks(client, token)

    assert response.status_code == 200


@pytest.mark.spec("PAT-006")
@pytest.mark.parametrize("last", ["9999-12-31T23:59:59.999999Z", "9999-12-31"], ids=["last-instant", "last-day"])
async def test_takes_a_token_until_the_end_of_time(
    client: AsyncClient, ada: Person, make_token: MakeToken, last: str
) -> None:
    token = await make_token(ada, "tasks:read", expires_at=last)

    response = await list_tasks(client, token)

    assert response.status_code == 200
    assert token["expires_at"].endswith("Z")
    assert [listed["expires_at"] for listed in await list_tokens(ada)] == [token["expires_at"]]


@pytest.mark.spec("PAT-006")
@pytest.mark.parametrize("expires_at", ["2001-01-01", "0001-01-01", "soon", "", "2099-13-01"])
async def test_refuses_an_expiry_that_is_no_future_instant(ada: Person, expires_at: str) -> None:
    response = await create(ada, expires_at=expires_at)

    assert_error(response, 400, "INVALID_EXPIRY", "Expiry must be a future ISO 8601 datetime")
    assert [problem["field"] for problem in response.json()["errors"]] == ["expires_at"]
    assert await list_tokens(ada) == []


@pytest.mark.spec("PAT-006")
async def test_refuses_the_present_instant_as_an_expiry(ada: Person) -> None:
    with time_machine.travel(NOON, tick=False):
        response = await create(ada, expires_at=NOON.isoformat())

    assert_error(response, 400, "INVALID_EXPIRY")


# Seeing them


@pytest.mark.spec("PAT-003")
async def test_lists_no_tokens_for_somebody_without_any(ada: Person) -> None:
    assert await list_tokens(ada) == []


@pytest.mark.spec("PAT-003")
async def test_lists_tokens_without_what_they_are(ada: Person, make_token: MakeToken) -> None:
    made = [await make_token(ada, "tasks:read", expires_at="2099-01-01"), await make_token(ada, "account")]

    response = await ada.client.get("/auth/tokens")

    secrets = [token.pop("token") for token in made]
    assert response.json() == made
    assert not [secret for secret in secrets if secret in response.text]


@pytest.mark.spec("PAT-003")
async def test_hides_tokens_of_somebody_else(ada: Person, bob: Person, make_token: MakeToken) -> None:
    await make_token(bob, "tasks:read")

    assert await list_tokens(ada) == []


@pytest.mark.spec("PAT-003")
async def test_says_when_a_token_was_used_last(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read")
    with time_machine.travel(NOON, tick=False):
        await list_tasks(client, token)

    [listed] = await list_tokens(ada)

    assert datetime.fromisoformat(listed["last_used_at"]) == NOON
    assert listed["last_used_at"].endswith("Z")


@pytest.mark.spec("PAT-003")
@pytest.mark.parametrize(("seconds", "noted"), [(59.9, 0), (60, 60), (3600, 3600)])
async def test_notes_the_use_of_a_token_once_a_minute(
    client: AsyncClient, ada: Person, make_token: MakeToken, seconds: float, noted: float
) -> None:
    token = await make_token(ada, "tasks:read")
    for later in (0, seconds):
        with time_machine.travel(NOON + timedelta(seconds=later), tick=False):
            await list_tasks(client, token)

    [listed] = await list_tokens(ada)

    assert datetime.fromisoformat(listed["last_used_at"]) == NOON + timedelta(seconds=noted)


@pytest.mark.spec("PAT-003")
async def test_asks_one_statement_more_for_a_token_that_is_used_all_the_time(
    recorded_app: RecordedApp, ada: Person, make_token: MakeToken
) -> None:
    token = await make_token(ada, "tasks:read")
    async with make_client(recorded_app.app) as client:
        await list_tasks(client, token)
        recorded_app.statements.clear()
        await list_tasks(client, token)

    assert len(recorded_app.statements) == 2


# Deleting them


@pytest.mark.spec("PAT-004")
async def test_refuses_a_deleted_token_at_once(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read")
    assert (await list_tasks(client, token)).status_code == 200

    deleted = await ada.client.delete(f"/auth/tokens/{token['id']}")
    response = await list_tasks(client, token)

    assert deleted.status_code == 204
    assert deleted.content == b""
    assert_error(response, *INVALID_TOKEN)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert await list_tokens(ada) == []


@pytest.mark.spec("PAT-004")
async def test_deletes_no_other_token(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    kept, token = await make_token(ada, "tasks:read"), await make_token(ada, "tasks:read")

    await ada.client.delete(f"/auth/tokens/{token['id']}")

    assert (await list_tasks(client, kept)).status_code == 200


@pytest.mark.spec("PAT-004")
@pytest.mark.parametrize("token_id", ["999999999", "0", "-1", "9" * 30])
async def test_deletes_no_unknown_token(ada: Person, token_id: str) -> None:
    response = await ada.client.delete(f"/auth/tokens/{token_id}")

    assert_error(response, 404, "TOKEN_NOT_FOUND", "Personal access token not found")


@pytest.mark.spec("PAT-004")
async def test_deletes_no_token_twice(ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read")
    await ada.client.delete(f"/auth/tokens/{token['id']}")

    assert_error(await ada.client.delete(f"/auth/tokens/{token['id']}"), 404, "TOKEN_NOT_FOUND")


@pytest.mark.spec("PAT-004")
async def test_deletes_no_token_of_somebody_else(
    client: AsyncClient, ada: Person, bob: Person, make_token: MakeToken
) -> None:
    token = await make_token(bob, "tasks:read")

    response = await ada.client.delete(f"/auth/tokens/{token['id']}")

    assert_error(response, 404, "TOKEN_NOT_FOUND", "Personal access token not found")
    assert (await list_tasks(client, token)).status_code == 200


async def test_refuses_to_delete_what_can_be_no_token(ada: Person) -> None:
    assert_error(await ada.client.delete("/auth/tokens/backup"), 422, "VALIDATION_ERROR")


# Tokens that are none


@pytest.mark.spec("PAT-004")
@pytest.mark.parametrize(
    "spoil",
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
async def test_refuses_what_is_no_token(
    client: AsyncClient, ada: Person, make_token: MakeToken, spoil: Callable[[str], str]
) -> None:
    token = await make_token(ada, "tasks:read")

    response = await client.get("/tasks", headers=authorize(spoil(token["token"])))

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("PAT-002")
async def test_takes_no_hash_for_a_token(
    client: AsyncClient, ada: Person, make_token: MakeToken, connection: asyncpg.Connection
) -> None:
    await make_token(ada, "tasks:read")
    stored = await connection.fetchval("SELECT encode(token_hash, 'hex') FROM access_tokens WHERE user_id = $1", ada.id)

    response = await client.get("/tasks", headers=authorize(f"todo_pat_{stored}"))

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("PAT-007")
async def test_refreshes_nothing_with_a_token(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, *SCOPES)

    response = await client.post("/auth/refresh", headers={"Cookie": f"refresh_token={token['token']}"})

    assert_error(response, *INVALID_TOKEN)


async def test_shows_a_token_in_no_log(
    client: AsyncClient, ada: Person, make_token: MakeToken, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        token = await make_token(ada, "tasks:read")
        await list_tasks(client, token)

    said = caplog.text + "\n".join(str(record.__dict__) for record in caplog.records)
    assert "/api/v1/auth/tokens" in said
    assert token["token"] not in said

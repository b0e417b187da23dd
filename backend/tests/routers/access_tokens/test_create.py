"""Creation of personal access tokens: fields, names and scopes."""

import asyncio
import re
from hashlib import sha256

import asyncpg
import pytest

from tests.routers.access_tokens.support import create_token, list_tokens
from tests.support import Json, MakeToken, Person, assert_error
from todo.domain.scope import SCOPES

ACCESS_TOKEN = r"todo_pat_[A-Za-z0-9_-]{43}"


# Response


@pytest.mark.spec("PAT-001")
async def test_create_returns_the_token(ada: Person) -> None:
    response = await create_token(ada, name="  Backup ⛁ ", scopes=["tasks:read", "tags:read"])

    assert response.status_code == 201
    token = response.json()
    assert set(token) == {"id", "name", "scopes", "created_at", "expires_at", "last_used_at", "token"}
    assert isinstance(token["id"], int)
    assert (token["name"], sorted(token["scopes"])) == ("Backup ⛁", ["tags:read", "tasks:read"])
    assert (token["expires_at"], token["last_used_at"]) == (None, None)
    assert re.fullmatch(ACCESS_TOKEN, token["token"])


@pytest.mark.spec("PAT-001")
async def test_tokens_have_different_secrets(ada: Person, make_token: MakeToken) -> None:
    tokens = {(await make_token(ada, "tasks:read"))["token"] for _ in range(5)}

    assert len(tokens) == 5


@pytest.mark.spec("PAT-002")
async def test_token_is_stored_as_a_hash(ada: Person, make_token: MakeToken, connection: asyncpg.Connection) -> None:
    token = await make_token(ada, "tasks:read")

    [row] = await connection.fetch("SELECT * FROM access_tokens WHERE user_id = $1", ada.id)

    assert row["token_hash"] == sha256(token["token"].encode()).digest()
    assert token["token"].removeprefix("todo_pat_") not in repr(dict(row))


# Scopes


@pytest.mark.spec("PAT-001")
@pytest.mark.parametrize("scope", SCOPES)
async def test_every_scope_can_be_granted(ada: Person, scope: str) -> None:
    response = await create_token(ada, scopes=[scope])

    assert response.status_code == 201
    assert response.json()["scopes"] == [scope]


@pytest.mark.spec("PAT-001")
async def test_duplicate_scope_is_stored_once(ada: Person) -> None:
    response = await create_token(ada, scopes=["account", "account"])

    assert response.json()["scopes"] == ["account"]


@pytest.mark.parametrize("scopes", [[], ["tasks"], ["tasks:read", "admin"], ["TASKS:READ"], ["*"], [""]], ids=repr)
async def test_invalid_scopes_are_rejected(ada: Person, scopes: list[str]) -> None:
    assert_error(await create_token(ada, scopes=scopes), 400, "INVALID_SCOPE")


# Name


@pytest.mark.spec("PAT-009")
async def test_existing_name_is_rejected(ada: Person) -> None:
    await create_token(ada, name="backup")

    response = await create_token(ada, name=" backup ", scopes=["account"])

    assert_error(response, 400, "TOKEN_ALREADY_EXISTS", "A personal access token with this name already exists")
    assert [error["field"] for error in response.json()["errors"]] == ["name"]
    assert [token["scopes"] for token in await list_tokens(ada)] == [["tasks:read"]]


@pytest.mark.spec("PAT-009")
async def test_concurrent_creations_of_one_name_create_one_token(ada: Person) -> None:
    responses = await asyncio.gather(*(create_token(ada, name="backup") for _ in range(20)))

    assert sorted(response.status_code for response in responses) == [201] + [400] * 19


@pytest.mark.spec("PAT-009")
async def test_two_users_can_use_the_same_name(ada: Person, bob: Person) -> None:
    statuses = [(await create_token(person, name="backup")).status_code for person in (ada, bob)]

    assert statuses == [201, 201]


@pytest.mark.spec("PAT-009")
async def test_name_of_a_deleted_token_can_be_used_again(ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read", name="backup")
    await ada.client.delete(f"/auth/tokens/{token['id']}")

    assert (await create_token(ada, name="backup")).status_code == 201


@pytest.mark.parametrize("name", ["", "  ", "n" * 101], ids=["empty", "blank", "long"])
async def test_invalid_name_is_rejected(ada: Person, name: str) -> None:
    response = await create_token(ada, name=name)

    assert_error(response, 400, "INVALID_TOKEN_NAME", "Token name is required and must be 1-100 characters")


async def test_name_of_100_characters_is_accepted(ada: Person) -> None:
    assert (await create_token(ada, name=f" {'🌱' * 100} ")).json()["name"] == "🌱" * 100


# Types


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
async def test_field_of_wrong_type_is_rejected(ada: Person, fields: Json) -> None:
    assert_error(await create_token(ada, **fields), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("missing_field", ["name", "scopes"])
async def test_missing_field_is_rejected(ada: Person, missing_field: str) -> None:
    body: Json = {"name": "backup", "scopes": ["tasks:read"]}
    del body[missing_field]

    response = await ada.client.post("/auth/tokens", json=body)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == [missing_field]

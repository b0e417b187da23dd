"""Forged access tokens are rejected."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from jose import jwt

from tests.contract.hostile_input.support import find_failure
from tests.support import PASSWORD, SECRET, Json, Make, Person, assert_error, make_client
from todo.core.clock import utc_now


def forged_tokens(owner: Person) -> Iterator[str]:
    """Yield tokens with a wrong claim, algorithm or signature."""
    now = int(utc_now().timestamp())
    claims: Json = {"sub": str(owner.id), "email": owner.email, "iat": now, "exp": now + 900, "type": "access"}
    changes: dict[str, list[Any]] = {
        "exp": [now - 1, None, "x", now + 900.5, 10**400, -1, True, [], str(now + 900)],
        "sub": [None, "", "x", 7, str(owner.id) + "x", "00000000-0000-0000-0000-00000000000", [], {}],
        "type": [None, "refresh", "admin", 1, []],
        "iat": [None, "x", 1e400],
        "email": [None, 7],
    }
    for change in ({name: value} for name, values in changes.items() for value in values):
        yield jwt.encode(claims | change, SECRET, algorithm="HS256")
    for missing_claim in ("exp", "sub", "type"):
        yield jwt.encode(
            {name: value for name, value in claims.items() if name != missing_claim}, SECRET, algorithm="HS256"
        )
    for algorithm in ("HS384", "HS512"):
        yield jwt.encode(claims, SECRET, algorithm=algorithm)
    yield jwt.encode(claims, "another secret", algorithm="HS256")
    header, payload, signature = jwt.encode(claims, SECRET, algorithm="HS256", headers={"kid": "../../x"}).split(".")
    header_without_algorithm = jwt.encode(claims, SECRET, algorithm="HS256", headers={"alg": "none"}).split(".")[0]
    yield from (
        f"{header_without_algorithm}.{payload}.",
        f"{header_without_algorithm}.{payload}.{signature}",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        f"{header}.{payload}.{signature}.x",
    )
    yield from (
        f".{payload}.{signature}",
        "..",
        "a.b.c",
        "x" * 8000,
        f"{header}.{'A' * 8000}.{signature}",
        f"{header}.é.{signature}",
    )


@pytest.mark.spec("INP-006")
async def test_forged_token_is_rejected(ada: Person) -> None:
    accepted = []
    for token in forged_tokens(ada):
        response = await ada.client.get("/auth/me", headers=[(b"Authorization", b"Bearer " + token.encode())])
        if response.status_code != 401 or find_failure(response, 0):
            accepted.append((token, response.status_code, response.text))

    assert accepted == []


@pytest.mark.spec("INP-006")
async def test_token_of_a_deleted_user_is_rejected(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    await ada.client.request("DELETE", "/auth/me", json={"password": PASSWORD})

    me, created, read = (
        await ada.client.get("/auth/me"),
        await ada.client.post("/tasks", json={"title": "x"}),
        await ada.client.get(f"/tasks/{task['id']}"),
    )

    assert_error(me, 401, "INVALID_TOKEN")
    assert_error(created, 401, "INVALID_TOKEN")
    assert read.status_code == 404


@pytest.mark.spec("INP-006")
async def test_two_tokens_are_rejected(app: FastAPI, ada: Person, bob: Person) -> None:
    headers = [("Authorization", person.client.headers["Authorization"]) for person in (ada, bob)]

    response = await make_client(app).get("/auth/me", headers=headers)

    assert_error(response, 401, "INVALID_TOKEN")

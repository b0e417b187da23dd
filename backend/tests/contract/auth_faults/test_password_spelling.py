"""Spellings of one password."""

import unicodedata

import asyncpg
import pytest
from httpx import AsyncClient, Response
from passlib.context import CryptContext

from tests.routers.support import new_email
from tests.support import PASSWORD, BcryptCalls, Person, assert_error, log_in

COMPOSED = "mañana-grün-Ḃ가"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)
SPELLINGS = [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED), ("no\u00a0break\u2003space", "no break space")]


async def register(client: AsyncClient, password: str) -> tuple[str, Response]:
    email = new_email()
    return email, await client.post("/auth/register", json={"email": email, "password": password})


@pytest.mark.spec("AUT-018")
@pytest.mark.parametrize(("registered", "typed"), SPELLINGS)
async def test_other_spelling_of_a_password_logs_in(client: AsyncClient, registered: str, typed: str) -> None:
    email, _ = await register(client, registered)

    assert (await log_in(client, email, typed)).status_code == 200


@pytest.mark.spec("AUT-018")
@pytest.mark.parametrize(("new", "typed"), SPELLINGS)
async def test_other_spelling_of_a_new_password_is_accepted(
    client: AsyncClient, ada: Person, new: str, typed: str
) -> None:
    await ada.client.post("/auth/password", json={"old_password": PASSWORD, "new_password": new})
    body = {"old_password": typed, "new_password": PASSWORD}

    assert (await log_in(client, ada.email, typed)).status_code == 200
    assert (await ada.client.post("/auth/password", json=body)).status_code == 204


@pytest.mark.spec("AUT-018")
@pytest.mark.parametrize(
    ("registered", "typed"),
    [
        ("Capital letters", "capital letters"),
        ("password ", "password"),
        (" password", "password"),
        ("\uff57ide letters", "wide letters"),
        ("ﬁve ligatures", "five ligatures"),
        ("two  spaces", "two spaces"),
    ],
)
async def test_different_password_is_rejected(client: AsyncClient, registered: str, typed: str) -> None:
    email, _ = await register(client, registered)

    assert_error(await log_in(client, email, typed), 401, "INVALID_CREDENTIALS")


@pytest.mark.spec("AUT-019")
@pytest.mark.parametrize("password", [DECOMPOSED, COMPOSED, "no\u00a0break space", PASSWORD])
async def test_hash_of_the_password_as_typed_verifies(
    client: AsyncClient, ada: Person, connection: asyncpg.Connection, password: str
) -> None:
    old_hash = CryptContext(schemes=["bcrypt_sha256"], bcrypt_sha256__rounds=4).hash(password)
    await connection.execute("UPDATE users SET password_hash = $2 WHERE id = $1", ada.id, old_hash)

    assert (await log_in(client, ada.email, password)).status_code == 200


@pytest.mark.spec("AUT-019")
@pytest.mark.parametrize(("password", "hashes"), [(PASSWORD, 1), (COMPOSED, 1), (DECOMPOSED, 2)])
async def test_number_of_hashes_depends_on_the_password_alone(
    client: AsyncClient, bcrypt_calls: BcryptCalls, password: str, hashes: int
) -> None:
    email, _ = await register(client, password)
    counts = []
    for address in (email, new_email()):
        bcrypt_calls.costs.clear()
        await log_in(client, address, password)
        counts.append(len(bcrypt_calls.costs))

    assert counts == [hashes, hashes]


@pytest.mark.spec("AUT-020")
@pytest.mark.parametrize("password", [unicodedata.normalize("NFD", "éèêëñ"), "가나다" * 2 + "라"], ids=["NFD", "7"])
async def test_composed_characters_count(client: AsyncClient, password: str) -> None:
    password = unicodedata.normalize("NFD", password)

    _, response = await register(client, password)

    assert len(password) >= 8
    assert_error(response, 400, "PASSWORD_TOO_SHORT")


@pytest.mark.spec("AUT-020")
async def test_new_password_counts_composed_characters(ada: Person) -> None:
    body = {"old_password": PASSWORD, "new_password": unicodedata.normalize("NFD", "éèêëñ")}

    assert_error(await ada.client.post("/auth/password", json=body), 400, "PASSWORD_TOO_SHORT")


@pytest.mark.spec("AUT-020")
async def test_eight_composed_characters_are_enough(client: AsyncClient) -> None:
    _, response = await register(client, unicodedata.normalize("NFD", "éèêëñüöä"))

    assert response.status_code == 201

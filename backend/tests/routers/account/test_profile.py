"""Changes of the name and the e-mail address."""

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest
from httpx import AsyncClient

from tests.routers.account.support import (
    NEW_PASSWORD,
    WRONG_PASSWORD,
    WRONG_PASSWORD_ERROR,
    get_account,
    update_account,
)
from tests.routers.support import new_email
from tests.support import PASSWORD, Json, MakePerson, Person, assert_error, log_in

# Name


@pytest.mark.spec("ACC-001")
async def test_name_is_updated(ada: Person) -> None:
    account = await get_account(ada)

    response = await update_account(ada, name="  Ada Lovelace ")

    assert response.status_code == 200
    assert response.json() == account | {"name": "Ada Lovelace"}
    assert await get_account(ada) == response.json()


@pytest.mark.spec("ACC-001")
@pytest.mark.parametrize("name", [None, "", "  "], ids=repr)
async def test_empty_name_becomes_null(ada: Person, name: str | None) -> None:
    await update_account(ada, name="Ada")

    response = await update_account(ada, name=name)

    assert response.json()["name"] is None
    assert (await get_account(ada))["name"] is None


@pytest.mark.spec("ACC-001")
@pytest.mark.parametrize("fields", [{}, {"password": PASSWORD}, {"id": str(UUID(int=0)), "created_at": None}], ids=repr)
async def test_absent_fields_are_kept(ada: Person, fields: Json) -> None:
    await update_account(ada, name="Ada")
    account = await get_account(ada)

    response = await update_account(ada, **fields)

    assert response.status_code == 200
    assert response.json() == await get_account(ada) == account


@pytest.mark.spec("ACC-001")
async def test_email_change_keeps_the_name(ada: Person) -> None:
    await update_account(ada, name="Ada")

    response = await update_account(ada, email=new_email(), password=PASSWORD)

    assert response.json()["name"] == "Ada"


@pytest.mark.spec("ACC-001")
async def test_name_of_another_user_is_kept(ada: Person, bob: Person) -> None:
    await update_account(ada, name="Ada")

    assert (await get_account(bob))["name"] is None


async def test_name_over_200_characters_is_rejected(ada: Person) -> None:
    assert_error(await update_account(ada, name="n" * 201), 400, "NAME_TOO_LONG")


# Body


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
async def test_field_of_wrong_type_is_rejected(ada: Person, fields: Json) -> None:
    assert_error(await update_account(ada, **fields), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"7", b"{", b"\xff"], ids=repr)
@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", "/auth/me"), ("POST", "/auth/password"), ("DELETE", "/auth/me")]
)
async def test_body_that_is_not_an_object_is_rejected(ada: Person, method: str, path: str, body: bytes) -> None:
    response = await ada.client.request(method, path, content=body, headers={"Content-Type": "application/json"})

    assert_error(response, 422, "VALIDATION_ERROR")


# E-mail


@pytest.mark.spec("ACC-002")
async def test_email_is_updated(ada: Person) -> None:
    account, email = await get_account(ada), new_email()

    response = await update_account(ada, email=email, password=PASSWORD)

    assert response.status_code == 200
    assert response.json() == account | {"email": email}


@pytest.mark.spec("ACC-002")
async def test_login_accepts_only_the_new_email(client: AsyncClient, ada: Person) -> None:
    email = new_email()
    await update_account(ada, email=email, password=PASSWORD)

    new_email_response, old_email_response = await log_in(client, email), await log_in(client, ada.email)

    assert new_email_response.status_code == 200
    assert_error(old_email_response, 401, "INVALID_CREDENTIALS")


@pytest.mark.spec("ACC-002")
async def test_case_of_the_own_email_can_change(ada: Person) -> None:
    email = ada.email.replace("example", "EXAMPLE").upper()

    response = await update_account(ada, email=email, password=PASSWORD)

    assert response.status_code == 200
    assert response.json()["email"] == email.replace("EXAMPLE.COM", "example.com")


@pytest.mark.spec("ACC-002")
async def test_name_and_email_are_updated_together(ada: Person) -> None:
    email = new_email()

    response = await update_account(ada, name="Ada", email=email, password=PASSWORD)

    assert (response.json()["name"], response.json()["email"]) == ("Ada", email)


@pytest.mark.spec("ACC-003")
@pytest.mark.parametrize(
    "password", [{}, {"password": ""}, {"password": WRONG_PASSWORD}, {"password": "p" * 5_000}], ids=len
)
async def test_email_change_without_the_password_is_rejected(ada: Person, password: Json) -> None:
    account = await get_account(ada)

    response = await update_account(ada, name="Eve", email=new_email(), **password)

    assert_error(response, *WRONG_PASSWORD_ERROR)
    assert await get_account(ada) == account


@pytest.mark.spec("ACC-003")
async def test_email_change_with_another_users_password_is_rejected(client: AsyncClient, ada: Person) -> None:
    email = new_email()
    await client.post("/auth/register", json={"email": email, "password": NEW_PASSWORD})

    assert_error(await update_account(ada, email=new_email(), password=NEW_PASSWORD), *WRONG_PASSWORD_ERROR)


@pytest.mark.spec("ACC-003")
@pytest.mark.parametrize("spell", [str, str.upper], ids=["same", "capitals"])
async def test_email_of_another_user_is_rejected(ada: Person, bob: Person, spell: Callable[[str], str]) -> None:
    response = await update_account(ada, email=spell(bob.email), password=PASSWORD)

    assert_error(response, 400, "EMAIL_ALREADY_EXISTS", "A user with this email already exists")
    assert (await get_account(ada))["email"] == ada.email


@pytest.mark.spec("ACC-003")
async def test_wrong_password_hides_whether_the_email_exists(ada: Person, bob: Person) -> None:
    assert_error(await update_account(ada, email=bob.email, password=WRONG_PASSWORD), *WRONG_PASSWORD_ERROR)


@pytest.mark.spec("ACC-003")
async def test_concurrent_changes_to_one_email_succeed_once(make_person: MakePerson) -> None:
    email, people = new_email(), [await make_person() for _ in range(5)]

    responses = await asyncio.gather(*(update_account(person, email=email, password=PASSWORD) for person in people))

    assert sorted(response.status_code for response in responses) == [200] + [400] * 4


@pytest.mark.parametrize("email", ["", "ada", "ada@localhost", "a" * 309 + "@example.com"], ids=len)
async def test_invalid_email_is_rejected(ada: Person, email: str) -> None:
    response = await update_account(ada, email=email, password=PASSWORD)

    assert_error(response, 400, "INVALID_EMAIL", "Please provide a valid email address")

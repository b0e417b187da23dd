"""The setting REGISTRATION: open, invited or closed."""

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.routers.auth.support import register
from tests.routers.registration.conftest import MakeInvitation
from tests.routers.support import new_email
from tests.support import MakeApp, assert_error, log_in, make_client

CLOSED = (403, "REGISTRATION_CLOSED", "Registration is closed. Ask the operator for an account")


@pytest.mark.spec("USR-001")
@pytest.mark.parametrize("invitation", [None, "", "a code", "x" * 10_000])
async def test_open_registration_ignores_an_invitation(app: FastAPI, invitation: str | None) -> None:
    response = await register(make_client(app), invitation=invitation)

    assert response.status_code == 201
    assert "invitation" not in response.json()


@pytest.mark.spec("USR-001")
async def test_open_registration_uses_no_invitation(
    app: FastAPI, client: AsyncClient, make_invitation: MakeInvitation
) -> None:
    code = await make_invitation()
    await register(make_client(app), invitation=code)

    response = await register(client, invitation=code)

    assert response.status_code == 201


@pytest.mark.spec("USR-002")
async def test_closed_registration_is_rejected_with_and_without_an_invitation(
    make_app: MakeApp, make_invitation: MakeInvitation
) -> None:
    client = make_client(await make_app(registration="closed"))

    responses = [await register(client), await register(client, invitation=await make_invitation())]

    for response in responses:
        assert_error(response, *CLOSED)
        assert "WWW-Authenticate" not in response.headers


@pytest.mark.spec("USR-002")
async def test_closed_registration_does_not_tell_which_addresses_have_an_account(
    make_app: MakeApp, app: FastAPI
) -> None:
    email = new_email()
    await register(make_client(app), email=email)

    response = await register(make_client(await make_app(registration="closed")), email=email)

    assert_error(response, *CLOSED)


@pytest.mark.spec("USR-002")
@pytest.mark.parametrize("registration", ["closed", "invited"])
async def test_existing_user_logs_in_whatever_the_setting_is(
    make_app: MakeApp, app: FastAPI, registration: str
) -> None:
    email = new_email()
    await register(make_client(app), email=email)

    response = await log_in(make_client(await make_app(registration=registration)), email)

    assert response.status_code == 200

"""Changes of the account by mail are synced."""

import asyncpg
import pytest
from httpx import AsyncClient

from tests.routers.changes.copies import read_page, read_token
from tests.routers.changes.support import read_log
from tests.routers.mailed_links.support import (
    Deliver,
    change_email,
    confirm_email,
    get_email_token,
    get_reset_token,
    reset_password,
)
from tests.routers.support import new_email
from tests.smtp import Inbox
from tests.support import Person


@pytest.mark.spec("SYN-008")
async def test_pending_and_confirmed_address_are_synced(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox, connection: asyncpg.Connection
) -> None:
    email, token = new_email(), await read_token(ada)
    mailed_token = await get_email_token(deliver, inbox, ada, email)
    page = await read_page(ada, token)
    assert [item["data"]["pending_email"] for item in page["items"]] == [email]

    response = await confirm_email(client, mailed_token)

    [item] = (await read_page(ada, page["next"]))["items"]
    assert (item["data"]["email"], item["data"]["pending_email"]) == (email, None)
    assert response.headers["Change-Seq"] == "2"
    [_, change] = await read_log(connection, ada)
    assert (change["type"], change["login_session_id"]) == ("account", None)
    assert change["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.spec("SYN-008")
async def test_address_that_a_new_password_cancels_is_synced(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    mailed_token = await get_reset_token(client, deliver, inbox, ada)
    await change_email(ada, new_email())
    token = await read_token(ada)

    response = await reset_password(client, mailed_token)

    [item] = (await read_page(ada, token))["items"]
    assert item["data"]["pending_email"] is None
    assert response.headers["Change-Seq"] == "2"


@pytest.mark.spec("SYN-008")
async def test_new_password_without_a_pending_address_has_no_number(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    response = await reset_password(client, await get_reset_token(client, deliver, inbox, ada))

    assert response.status_code == 204
    assert "Change-Seq" not in response.headers

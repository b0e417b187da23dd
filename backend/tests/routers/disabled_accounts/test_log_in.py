"""Log-in and refresh of a disabled account."""

import asyncio

import asyncpg
import pytest
from fastapi import FastAPI

from tests.routers.disabled_accounts.support import disable, enable
from tests.support import (
    MakeLoginSession,
    Person,
    advance_clock,
    assert_error,
    log_in,
    make_client,
    refresh,
    refresh_token_in,
    refresh_token_of,
    wait_for_lock_waiters,
)
from todo.core.clock import utc_now
from todo.core.database.session import Row
from todo.services.accounts.statements import SELECT_CREDENTIALS
from todo.services.login_sessions.service import Client, TokenPair, create_login_session

COUNT_LIVE = "SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL"


@pytest.mark.spec("USR-005")
async def test_right_password_of_a_disabled_account_is_a_403(app: FastAPI, ada: Person) -> None:
    await disable(app, ada)

    response = await log_in(make_client(app), ada.email)

    assert_error(response, 403, "ACCOUNT_DISABLED", "This account is disabled. Ask the operator")
    assert "Set-Cookie" not in response.headers
    assert "WWW-Authenticate" not in response.headers


@pytest.mark.spec("USR-005")
async def test_wrong_password_of_a_disabled_account_is_a_401(app: FastAPI, ada: Person) -> None:
    await disable(app, ada)

    response = await log_in(make_client(app), ada.email, "correct horse batterz")

    assert_error(response, 401, "INVALID_CREDENTIALS")


@pytest.mark.spec("USR-005")
async def test_disabling_ends_all_login_sessions(
    app: FastAPI, ada: Person, bob: Person, make_login_session: MakeLoginSession
) -> None:
    second_login = await make_login_session(ada)

    ended = await disable(app, ada)

    assert ended == 2
    for person in (ada, second_login):
        assert_error(await refresh(make_client(app), refresh_token_of(person)), 401, "SESSION_ENDED")
    assert (await refresh(make_client(app), refresh_token_of(bob))).status_code == 200


@pytest.mark.spec("USR-005")
async def test_disabling_twice_keeps_the_first_time(app: FastAPI, ada: Person, connection: asyncpg.Connection) -> None:
    read_time = "SELECT disabled_at FROM users WHERE id = $1"
    await disable(app, ada)
    first = await connection.fetchval(read_time, ada.id)

    await disable(app, ada)

    assert await connection.fetchval(read_time, ada.id) == first


@pytest.mark.spec("USR-008")
async def test_enabled_account_logs_in_at_once(app: FastAPI, ada: Person) -> None:
    await disable(app, ada)
    await enable(app, ada)

    response = await log_in(make_client(app), ada.email)

    assert response.status_code == 200
    assert_error(await refresh(make_client(app), refresh_token_of(ada)), 401, "SESSION_ENDED")


# Races


@pytest.mark.spec("USR-005")
async def test_refresh_before_the_end_of_the_disabling_leaves_no_login_session(
    app: FastAPI, ada: Person, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    """Hold the row of the login session, so that the refresh and the disabling wait, in this order."""
    async with connection.transaction():
        await connection.execute("SELECT FROM sessions WHERE user_id = $1 FOR UPDATE", ada.id)
        refreshing = asyncio.create_task(refresh(make_client(app), refresh_token_of(ada)))
        await wait_for_lock_waiters(watcher)
        disabling = asyncio.create_task(disable(app, ada))
        await wait_for_lock_waiters(watcher, 2)

    refreshed = await refreshing
    await disabling

    assert await connection.fetchval(COUNT_LIVE, ada.id) == 0
    if refreshed.status_code == 200:
        assert_error(await refresh(make_client(app), refresh_token_in(refreshed)), 401, "SESSION_ENDED")


@pytest.mark.spec("USR-005")
async def test_concurrent_refreshes_and_disabling_leave_no_login_session(
    app: FastAPI, ada: Person, make_login_session: MakeLoginSession, connection: asyncpg.Connection
) -> None:
    logins = [ada, *[await make_login_session(ada) for _ in range(5)]]
    clients = [(make_client(app), refresh_token_of(login)) for login in logins]

    disabling = asyncio.create_task(disable(app, ada))
    responses = await asyncio.gather(*(refresh(client, token) for client, token in clients))
    await disabling

    assert {response.status_code for response in responses} <= {200, 401}
    assert await connection.fetchval(COUNT_LIVE, ada.id) == 0


async def verify(app: FastAPI, owner: Person) -> Row:
    """Return the user as a log-in reads it, whose password is then verified."""
    user: Row | None = await app.state.resources.database.session.fetch_one(SELECT_CREDENTIALS, email_key=owner.email)
    assert user is not None
    return user


async def create_verified(app: FastAPI, user: Row) -> TokenPair | None:
    """Create the login session of a user whose password was verified."""
    resources = app.state.resources
    return await create_login_session(
        resources.database.session,
        resources.security.signer,
        user,
        Client(None, None),
        utc_now(),
        max_login_sessions=100,
    )


@pytest.mark.spec("USR-005", "CIT-022")
async def test_login_whose_password_was_verified_before_the_disabling_creates_no_login_session(
    app: FastAPI, ada: Person, connection: asyncpg.Connection
) -> None:
    user = await verify(app, ada)
    await disable(app, ada)

    tokens = await create_verified(app, user)

    assert tokens is None
    assert await connection.fetchval(COUNT_LIVE, ada.id) == 0


@pytest.mark.spec("CIT-022")
async def test_login_waits_for_a_concurrent_change_of_the_password_and_fails(
    app: FastAPI, ada: Person, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    user = await verify(app, ada)
    async with connection.transaction():
        await advance_clock(connection, ada)
        creating = asyncio.create_task(create_verified(app, user))
        await wait_for_lock_waiters(watcher)
        await connection.execute("UPDATE users SET password_hash = 'another' WHERE id = $1", ada.id)

    assert await creating is None


@pytest.mark.spec("CIT-022")
async def test_login_of_a_user_who_was_deleted_creates_no_login_session(
    app: FastAPI, ada: Person, connection: asyncpg.Connection
) -> None:
    user = await verify(app, ada)
    await connection.execute("DELETE FROM users WHERE id = $1", ada.id)

    tokens = await create_verified(app, user)

    assert tokens is None

"""Registration with an invitation: each code creates one account."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from tests.routers.auth.support import register
from tests.routers.registration.conftest import MakeInvitation
from tests.routers.support import new_email
from tests.support import RETENTION, MakeApp, assert_error, log_in, make_client, wait_for_lock_waiters
from todo.core.clock import utc_now
from todo.core.security.tokens import hash_token
from todo.services.housekeeping import sweep
from todo.services.invitations.service import create_invitation, sweep_invitations
from todo.services.invitations.statements import SWEEP_BATCH

INSERT_EXPIRED = """
INSERT INTO invitations (code_hash, expires_at)
SELECT sha256((random()::text || i)::bytea), now() - interval '1 second' FROM generate_series(1, $1) AS i
"""
COUNT_EXPIRED = "SELECT count(*) FROM invitations WHERE expires_at <= now()"
UNKNOWN_CODE = "a2" * 16


def assert_invitation_required(response: Response) -> None:
    assert_error(
        response,
        403,
        "INVITATION_REQUIRED",
        "Registration needs an invitation that was not used and has not expired",
    )
    assert "errors" not in response.json()
    assert "WWW-Authenticate" not in response.headers


@pytest.mark.spec("USR-003")
@pytest.mark.parametrize(
    "write", [str, lambda code: f"  {code}\r\n", str.upper], ids=["as-printed", "spaces-around", "capitals"]
)
async def test_invitation_creates_an_account(
    client: AsyncClient, make_invitation: MakeInvitation, write: Callable[[str], str]
) -> None:
    email = new_email()

    response = await register(client, email=email, invitation=write(await make_invitation()))

    assert response.status_code == 201
    assert (await log_in(client, email)).status_code == 200


@pytest.mark.spec("USR-003")
async def test_only_the_hash_of_a_code_is_stored(
    make_invitation: MakeInvitation, connection: asyncpg.Connection
) -> None:
    code = await make_invitation()

    row = await connection.fetchrow("SELECT * FROM invitations WHERE code_hash = $1", hash_token(code))

    assert row is not None
    assert row["expires_at"] - row["created_at"] == timedelta(days=7)
    assert code not in str(dict(row))


@pytest.mark.spec("USR-003")
async def test_codes_have_160_bits(make_invitation: MakeInvitation) -> None:
    codes = {await make_invitation() for _ in range(20)}

    assert len(codes) == 20
    assert {len(code) for code in codes} == {32}


@pytest.mark.spec("USR-004")
@pytest.mark.parametrize(
    "invitation",
    [
        pytest.param(None, id="null"),
        pytest.param("", id="empty"),
        pytest.param("   ", id="blank"),
        pytest.param(UNKNOWN_CODE, id="unknown"),
        pytest.param("x" * 10_000, id="10 kB"),
        pytest.param("\u0131" * 32, id="no-ascii"),
        pytest.param(UNKNOWN_CODE[:31] + "\u0660", id="digit-of-another-script"),
        pytest.param(f"{UNKNOWN_CODE}\n{UNKNOWN_CODE}", id="two"),
    ],
)
async def test_text_that_is_no_invitation_is_rejected(client: AsyncClient, invitation: str | None) -> None:
    assert_invitation_required(await register(client, invitation=invitation))


@pytest.mark.spec("USR-004")
async def test_registration_without_an_invitation_is_rejected(client: AsyncClient) -> None:
    assert_invitation_required(await register(client))


@pytest.mark.spec("USR-004")
@pytest.mark.parametrize("invitation", ["a\0b", 7, True, [UNKNOWN_CODE], {"code": UNKNOWN_CODE}], ids=repr)
async def test_invitation_of_wrong_type_is_rejected(client: AsyncClient, invitation: object) -> None:
    response = await register(client, invitation=invitation)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == ["invitation"]


@pytest.mark.spec("USR-004")
async def test_used_invitation_is_rejected(client: AsyncClient, make_invitation: MakeInvitation) -> None:
    code = await make_invitation()
    await register(client, invitation=code)

    assert_invitation_required(await register(client, invitation=code))


@pytest.mark.spec("USR-004")
@pytest.mark.parametrize(("seconds_left", "status"), [(-1, 403), (60, 201)])
async def test_invitation_expires_after_seven_days(
    client: AsyncClient, invited_app: FastAPI, seconds_left: int, status: int
) -> None:
    created_at = utc_now() - timedelta(days=7) + timedelta(seconds=seconds_left)
    created = await create_invitation(invited_app.state.resources.database.session, created_at)

    response = await register(client, invitation=created["invitation"])

    assert response.status_code == status


@pytest.mark.spec("USR-004")
async def test_rejected_invitation_does_not_tell_which_addresses_have_an_account(
    client: AsyncClient, make_invitation: MakeInvitation
) -> None:
    email = new_email()
    await register(client, email=email, invitation=await make_invitation())

    assert_invitation_required(await register(client, email=email, invitation=UNKNOWN_CODE))


@pytest.mark.spec("USR-004")
async def test_failed_registration_does_not_use_the_invitation(
    client: AsyncClient, make_invitation: MakeInvitation
) -> None:
    email, code = new_email(), await make_invitation()
    await register(client, email=email, invitation=await make_invitation())

    taken = await register(client, email=email.upper(), invitation=code)
    short = await register(client, password="short", invitation=code)
    created = await register(client, invitation=code)

    assert_error(taken, 400, "EMAIL_ALREADY_EXISTS")
    assert_error(short, 400, "PASSWORD_TOO_SHORT")
    assert created.status_code == 201


@pytest.mark.spec("USR-004")
async def test_concurrent_registrations_with_one_invitation_create_one_account(
    make_app: MakeApp, client: AsyncClient, make_invitation: MakeInvitation
) -> None:
    code = await make_invitation()
    clients = [client, make_client(await make_app(registration="invited"))] * 5

    responses = await asyncio.gather(*(register(each, invitation=code) for each in clients))

    assert sorted(response.status_code for response in responses) == [201] + [403] * 9


@pytest.mark.spec("USR-004")
async def test_registration_waits_for_another_one_with_the_same_invitation(
    client: AsyncClient,
    make_invitation: MakeInvitation,
    connection: asyncpg.Connection,
    watcher: asyncpg.Connection,
) -> None:
    code = await make_invitation()
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("DELETE FROM invitations WHERE code_hash = $1", hash_token(code))
    waiting = asyncio.create_task(register(client, invitation=code))
    await wait_for_lock_waiters(watcher)

    await transaction.rollback()

    assert (await waiting).status_code == 201


@pytest.mark.spec("USR-004")
async def test_attempts_at_codes_count_in_the_rate_limit(make_app: MakeApp) -> None:
    client = make_client(await make_app(registration="invited", rate_limit_enabled=True))

    statuses = [(await register(client, invitation=UNKNOWN_CODE)).status_code for _ in range(6)]

    assert statuses == [403] * 5 + [429]


# Sweep


@pytest.mark.spec("USR-009")
async def test_sweep_deletes_expired_invitations_in_batches(
    client: AsyncClient, invited_app: FastAPI, make_invitation: MakeInvitation, connection: asyncpg.Connection
) -> None:
    session = invited_app.state.resources.database.session
    await sweep(session, RETENTION)
    await connection.execute(INSERT_EXPIRED, SWEEP_BATCH + 1)
    code = await make_invitation()

    deleted = [await sweep_invitations(session, utc_now()) for _ in range(3)]

    assert deleted == [SWEEP_BATCH, 1, 0]
    assert (await register(client, invitation=code)).status_code == 201


@pytest.mark.spec("USR-009")
async def test_housekeeping_sweeps_invitations(invited_app: FastAPI, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_EXPIRED, 3)

    await sweep(invited_app.state.resources.database.session, RETENTION)

    assert await connection.fetchval(COUNT_EXPIRED) == 0

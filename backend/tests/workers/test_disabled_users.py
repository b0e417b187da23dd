"""The worker that reads the disabled users, without its database and with one that lacks migrations."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI
from sqlalchemy import make_url

from tests.support import MakeApp, MakeDatabase, MakePerson, make_client, make_settings
from todo.core.clock import utc_now
from todo.core.database import migrator
from todo.core.database.database import Database
from todo.core.database.schema_status import Fetch, SchemaStatus, read_schema_status
from todo.core.database.session import Session
from todo.core.database.url import connect_arguments
from todo.services.accounts.disabled_users import DisabledUsers
from todo.services.accounts.statements import INSERT_USER
from todo.services.administration.service import disable_user
from todo.workers import disabled_users as worker
from todo.workers.disabled_users import reading_disabled_users

SHORT_SECONDS = 0.02
MANY_READS = 20


@pytest.fixture
async def admin(server_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(**connect_arguments(server_url))
    yield connection
    await connection.close()


@pytest.fixture(autouse=True)
def short_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read every 20 ms."""
    monkeypatch.setattr(worker, "INTERVAL_SECONDS", SHORT_SECONDS)


@pytest.fixture
def failed_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the reads that failed or found pending migrations."""
    failures: list[str] = []
    read = DisabledUsers.read

    async def read_and_note(disabled_users: DisabledUsers, session: Session, now: datetime) -> None:
        try:
            await read(disabled_users, session, now)
        except Exception as error:
            failures.append(repr(error))
            raise

    async def read_status_and_note(fetch_all: Fetch) -> SchemaStatus:
        try:
            status = await read_schema_status(fetch_all)
        except Exception as error:
            failures.append(repr(error))
            raise
        failures.extend(status.pending[:1])
        return status

    monkeypatch.setattr(DisabledUsers, "read", read_and_note)
    monkeypatch.setattr(worker, "read_schema_status", read_status_and_note)
    return failures


async def wait_for_many(failed_reads: list[str]) -> None:
    async with asyncio.timeout(30):
        while len(failed_reads) < MANY_READS:  # noqa: ASYNC110 -- the list has no event
            await asyncio.sleep(SHORT_SECONDS)


async def insert_user(database: Database) -> UUID:
    """Insert a user and return the id."""
    values = {"email": "ada@example.com", "email_key": "ada@example.com", "password_hash": "x", "name": None}
    row = await database.session.fetch_one(INSERT_USER, **values)
    assert row is not None
    user_id: UUID = row["id"]
    return user_id


async def wait_until_read(disabled_users: DisabledUsers, user_id: UUID) -> None:
    async with asyncio.timeout(30):
        while user_id not in disabled_users:  # noqa: ASYNC110 -- the memory has no event
            await asyncio.sleep(SHORT_SECONDS)


@pytest.mark.spec("USR-007")
async def test_disabled_user_is_read(make_database: MakeDatabase) -> None:
    disabled_users = DisabledUsers()
    url = await make_database()
    async with Database(make_settings(), url) as database, reading_disabled_users(database, disabled_users):
        user_id = await insert_user(database)
        assert user_id not in disabled_users

        await disable_user(database.session, user_id, utc_now())

        await wait_until_read(disabled_users, user_id)


@pytest.mark.spec("USR-019")
async def test_outage_is_logged_once_and_survived(
    make_database: MakeDatabase, admin: asyncpg.Connection, failed_reads: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    disabled_users = DisabledUsers()
    url = await make_database()
    name = make_url(url).database
    async with Database(make_settings(), url) as database, reading_disabled_users(database, disabled_users):
        user_id = await insert_user(database)
        await disable_user(database.session, user_id, utc_now())

        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        await wait_for_many(failed_reads)
        records = [record for record in caplog.records if record.levelname != "DEBUG"]
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

        await wait_until_read(disabled_users, user_id)

    assert 1 <= len(records) <= 2
    assert "Traceback" not in caplog.text


@pytest.mark.spec("USR-019")
async def test_database_without_migrations_is_read_after_the_migration(
    make_database: MakeDatabase, failed_reads: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    disabled_users = DisabledUsers()
    url = await make_database(migrated=False)
    async with Database(make_settings(), url) as database, reading_disabled_users(database, disabled_users):
        await wait_for_many(failed_reads)
        assert caplog.text == ""

        await asyncio.to_thread(migrator.upgrade, url)
        user_id = await insert_user(database)
        await disable_user(database.session, user_id, utc_now())

        await wait_until_read(disabled_users, user_id)


@pytest.mark.spec("USR-007")
async def test_worker_of_the_application_reads_disabled_users(
    make_app: MakeApp, app: FastAPI, make_person: MakePerson
) -> None:
    ada = await make_person()
    client = make_client(await make_app(), headers=dict(ada.client.headers))
    assert (await client.get("/tasks")).status_code == 200

    await disable_user(app.state.resources.database.session, ada.id, utc_now())

    async with asyncio.timeout(30):
        while (await client.get("/tasks")).status_code != 401:
            pass

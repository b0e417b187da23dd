"""Databases in other encodings and with other locales."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.live.conftest import run_todo
from tests.live.databases.conftest import CreateDatabase, sign_up
from tests.support import PASSWORD, SECRET, MakeApp, assert_error, make_client
from todo.core.database import migrator

READY = "https://todo.test/ready"
UNSUPPORTED = ("SQL_ASCII", "LATIN1", "EUC_JP", "WIN1252")
OPTIONS = "ENCODING '{}' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc"
REMEDY = "CREATE DATABASE todo ENCODING 'UTF8' TEMPLATE template0"


@pytest.mark.spec("OPS-001")
@pytest.mark.parametrize("encoding", UNSUPPORTED)
async def test_migration_of_another_encoding_is_refused(
    create_database: CreateDatabase, tmp_path: Path, encoding: str
) -> None:
    url = await create_database(OPTIONS.format(encoding))

    result = run_todo("migrate", "up", cwd=tmp_path, DATABASE_URL=url)

    assert result.returncode == 1
    assert f"its encoding is {encoding}" in result.stderr
    assert REMEDY in result.stderr
    assert (await asyncio.to_thread(migrator.read_status, url)).current is None


@pytest.mark.spec("OPS-001")
async def test_service_does_not_start_on_another_encoding(create_database: CreateDatabase, tmp_path: Path) -> None:
    url = await create_database(OPTIONS.format("SQL_ASCII"))

    result = run_todo("serve", cwd=tmp_path, DATABASE_URL=url, JWT_SECRET_KEY=SECRET)

    assert result.returncode == 1
    assert REMEDY in result.stderr


@pytest.mark.spec("OPS-001")
@pytest.mark.parametrize("encoding", UNSUPPORTED)
async def test_another_encoding_is_not_ready(create_database: CreateDatabase, make_app: MakeApp, encoding: str) -> None:
    app = await make_app(await create_database(OPTIONS.format(encoding)))

    response = await make_client(app).get(READY)

    assert_error(response, 503, "DATABASE_UNSUPPORTED")


@pytest.mark.spec("OPS-002", "TXT-008")
async def test_letters_are_folded_whatever_the_locale_of_the_database(
    create_database: CreateDatabase, make_app: MakeApp, tmp_path: Path
) -> None:
    url = await create_database(OPTIONS.format("UTF8"))
    assert run_todo("migrate", "up", cwd=tmp_path, DATABASE_URL=url).returncode == 0
    app = await make_app(url)

    async with AsyncExitStack() as stack:
        client = await sign_up(app, stack, "jürgen@example.com")
        again = await client.post("/auth/register", json={"email": "JÜRGEN@example.com", "password": PASSWORD})
        for title in ("Zebra", "CAFÉ", "äpfel", "Straße"):
            await client.post("/tasks", json={"title": title})
        found = (await client.get("/tasks", params={"q": "café"})).json()["items"]
        ordered = (await client.get("/tasks", params={"sort": "title"})).json()["items"]
        ready = await client.get(READY)

    assert_error(again, 400, "EMAIL_ALREADY_EXISTS")
    assert [task["title"] for task in found] == ["CAFÉ"]
    assert [task["title"] for task in ordered] == ["äpfel", "CAFÉ", "Straße", "Zebra"]
    assert ready.status_code == 200

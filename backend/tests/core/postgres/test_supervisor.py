"""The supervisor restarts the embedded PostgreSQL, also after failed attempts."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.core.postgres.conftest import postmaster_pid
from todo.core.database.url import connect_arguments
from todo.core.postgres import supervisor
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres, find_running
from todo.core.postgres.supervisor import PostgresSupervisor

BUSY = "SELECT count(*) FROM generate_series(1, 10000000000)"
COUNT_BUSY = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = $1"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the server."""
    return tmp_path_factory.mktemp("supervised")


@pytest.fixture(scope="module")
def supervised(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A running server with a supervisor."""
    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as server, PostgresSupervisor(server):
        yield server


def kill_postmaster(data_dir: Path) -> None:
    os.kill(postmaster_pid(data_dir), signal.SIGKILL)


def wait_until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds. Fail after 20 seconds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.spec("FLR-011")
async def test_server_restarts_within_5_seconds_despite_a_busy_process(
    supervised: EmbeddedPostgres, data_dir: Path
) -> None:
    worker = await asyncpg.connect(**connect_arguments(supervised.url()))
    watcher = await asyncpg.connect(**connect_arguments(supervised.url()))
    query = asyncio.ensure_future(worker.execute(BUSY))
    async with asyncio.timeout(20):
        while not await watcher.fetchval(COUNT_BUSY, BUSY):
            pass

    killed_at = time.monotonic()
    kill_postmaster(data_dir)
    with pytest.raises(asyncpg.PostgresConnectionError):
        await query
    wait_until(lambda: find_running(data_dir) is not None)

    assert time.monotonic() - killed_at < 5
    watcher.terminate()


@pytest.mark.spec("FLR-011")
def test_failed_restart_is_retried(
    supervised: EmbeddedPostgres, data_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "RETRY_SECONDS", 0.05)
    control = data_dir / "postgres" / "global" / "pg_control"
    control.rename(control.with_suffix(".away"))
    kill_postmaster(data_dir)
    wait_until(lambda: caplog.text.count("could not be started again") >= 2)

    control.with_suffix(".away").rename(control)
    wait_until(lambda: find_running(data_dir) is not None)

    assert supervised.is_running()

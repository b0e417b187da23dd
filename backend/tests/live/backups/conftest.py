"""Data folders with users, and functions that run `todo backup` and `todo restore` on them."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import environment, run_todo
from tests.services.backups.support import connect, insert_rows, read_rows
from todo.cli.secret_file import load_secret
from todo.core.config import Settings
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres

State = tuple[dict[str, list[str]], str]
"""The rows of all tables, and the secret."""


def start_todo(*arguments: str, cwd: Path, **settings: str) -> "subprocess.Popen[str]":
    """Start `todo` with these arguments."""
    return subprocess.Popen(
        [sys.executable, "-m", "todo", *arguments],
        cwd=cwd,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_state(data_dir: Path) -> State:
    """Start the database of a data folder as `todo serve` does, and return its rows and its secret."""
    settings: dict[str, Any] = {"data_dir": data_dir, "_env_file": None}
    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        secret = load_secret(Settings(**settings), postgres.url())
        return asyncio.run(read_rows(postgres.url())), secret.get_secret_value()


async def insert_many_tasks(url: str, tasks: int, description: int = 100) -> None:
    """Insert tasks with descriptions of this length for the user of `insert_rows`."""
    connection = await connect(url)
    await connection.execute(
        "INSERT INTO tasks (user_id, title, title_key, description) "
        "SELECT users.id, n::text, n::text, repeat('x', $2) FROM users, generate_series(1, $1) AS n",
        tasks,
        description,
    )
    await connection.close()


@pytest.fixture(scope="session")
def filled_data_dir(initialized_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped data folder with rows in all tables and a secret. Tests copy it."""
    data_dir = tmp_path_factory.mktemp("filled") / "data"
    subprocess.run(["cp", "-a", initialized_data_dir, data_dir], check=True)
    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        asyncio.run(insert_rows(postgres.url()))
    read_state(data_dir)
    return data_dir


@pytest.fixture
def data_dir(filled_data_dir: Path, tmp_path: Path) -> Path:
    """A stopped data folder with rows in all tables and a secret."""
    subprocess.run(["cp", "-a", filled_data_dir, tmp_path / "data"], check=True)
    return tmp_path / "data"


@pytest.fixture(scope="session")
def large_backup(initialized_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup with another secret, whose restore takes about a second."""
    folder = tmp_path_factory.mktemp("large")
    subprocess.run(["cp", "-a", initialized_data_dir, folder / "data"], check=True)
    with EmbeddedPostgres(folder / "data", UNSAFE_BUT_FAST_OPTIONS) as postgres:
        asyncio.run(insert_rows(postgres.url()))
        asyncio.run(insert_many_tasks(postgres.url(), 20_000))
    completed = run_todo("backup", "todo.backup", cwd=folder, DATA_DIR=str(folder / "data"))
    assert completed.returncode == 0, completed.stderr
    return folder / "todo.backup"

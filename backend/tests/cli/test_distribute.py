"""`todo distribute`, on a server without Citus and on one that pretends to have it."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.models.rows import insert_user
from tests.services.citus import pretend_citus
from tests.support import SECRET, MakeDatabase
from todo.cli import main
from todo.core.config import Settings
from todo.core.database.url import connect_arguments
from todo.models import Base
from todo.models.distribution import LOCAL_TABLES, REFERENCE_TABLES, distributed_tables

SELECT_KEYS = """
SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' ORDER BY 1
"""
PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text()
NODES = re.compile(r"^SELECT citus_.*;$", re.MULTILINE)
COMMANDS = re.compile(r"^```sh distribute\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SELECT_PARTITIONS = "SELECT logicalrelid::text, partmethod::text, beside FROM pg_dist_partition"


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder, without settings of the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("JWT_SECRET_KEY", SECRET)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def url(make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a migrated database without rows, which DATABASE_URL names."""
    url = await make_database()
    monkeypatch.setenv("DATABASE_URL", url)
    return url


@pytest.fixture
async def connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection to this database."""
    connection = await asyncpg.connect(**connect_arguments(url))
    yield connection
    await connection.close()


async def distribute(*arguments: str) -> int:
    """Run the command in a thread, because it starts an event loop, and return the exit status."""
    return await asyncio.to_thread(main, ["distribute", *arguments])


@pytest.mark.spec("CIT-001")
async def test_tables_are_distributed_and_keep_their_foreign_keys(
    url: str, connection: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = await connection.fetch(SELECT_KEYS)
    await pretend_citus(url)

    assert await distribute() == 0

    partitions = {name: (method, beside) for name, method, beside in await connection.fetch(SELECT_PARTITIONS)}
    assert partitions.pop("tasks") == ("h", "default")
    assert {name for name, kind in partitions.items() if kind == ("n", None)} == REFERENCE_TABLES
    others = Base.metadata.tables.keys() - REFERENCE_TABLES - LOCAL_TABLES - {"tasks"}
    assert {name for name, kind in partitions.items() if kind == ("h", "tasks")} == others
    assert await connection.fetch(SELECT_KEYS) == keys
    assert [row["command"] for row in await connection.fetch("SELECT command FROM shard_commands")] == [
        f"ALTER TABLE {table} ALTER COLUMN user_id SET (n_distinct = -0.0001)" for table in ("tasks", "task_search")
    ]
    assert "into 32 shards on 2 node(s)" in capsys.readouterr().err


@pytest.mark.spec("CIT-002")
async def test_second_call_repeats_the_settings_of_the_shards(url: str, connection: asyncpg.Connection) -> None:
    await pretend_citus(url)
    await distribute()
    await insert_user(connection, "ada@example.com")

    assert await distribute() == 0

    assert await connection.fetchval("SELECT count(*) FROM shard_commands") == 4
    assert await connection.fetchval("SELECT count(*) FROM pg_dist_partition WHERE logicalrelid::text = 'tasks'") == 1


@pytest.mark.spec("CIT-003")
async def test_printed_sql_is_what_the_command_runs(
    url: str, connection: asyncpg.Connection, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    assert await distribute("--print") == 0
    printed = capsys.readouterr().out
    await pretend_citus(url)

    await connection.execute(printed)

    monkeypatch.setenv("DATABASE_URL", url)
    assert await distribute() == 0
    assert await connection.fetchval("SELECT count(*) FROM pg_dist_partition WHERE logicalrelid::text = 'tasks'") == 1


@pytest.mark.spec("CIT-002")
@pytest.mark.parametrize(
    ("nodes", "remedy"),
    [
        ("INSERT INTO pg_dist_node VALUES (1, true, true)", "citus_set_coordinator_host"),
        ("INSERT INTO pg_dist_node VALUES (0, true, false)", "citus_add_node"),
    ],
    ids=["no coordinator", "no worker"],
)
async def test_incomplete_cluster_is_refused(
    url: str, nodes: str, remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await pretend_citus(url, nodes=nodes)

    assert await distribute() == 1

    assert remedy in capsys.readouterr().err


@pytest.mark.spec("CIT-002")
async def test_database_with_users_is_refused(
    url: str, connection: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    await pretend_citus(url)
    await insert_user(connection, "ada@example.com")

    assert await distribute() == 1

    assert "The database has users" in capsys.readouterr().err
    assert await connection.fetch(SELECT_PARTITIONS) == []


@pytest.mark.spec("CIT-002")
async def test_server_without_citus_is_refused(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert url

    assert await distribute() == 1

    assert "does not have the extension citus" in capsys.readouterr().err


@pytest.mark.spec("CIT-002")
async def test_database_with_pending_migrations_is_refused(
    make_database: MakeDatabase, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", await make_database(migrated=False))

    assert await distribute() == 1

    assert "todo migrate up" in capsys.readouterr().err


@pytest.mark.spec("CIT-002")
def test_embedded_server_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["distribute"]) == 1

    assert "The embedded PostgreSQL is one server" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


async def find_distribution(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Return the level and the message of what `todo doctor` finds about the distribution."""
    capsys.readouterr()
    with contextlib.suppress(SystemExit):
        await asyncio.to_thread(main, ["doctor", "--json"])
    [found] = [item for item in json.loads(capsys.readouterr().out) if item["check"] == "distribution"]
    return found["level"], found["message"]


@pytest.mark.spec("CIT-004")
async def test_doctor_tells_whether_and_how_the_tables_are_distributed(
    url: str, connection: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await find_distribution(capsys) == ("ok", "All tables are on one server")
    await pretend_citus(url)
    assert (await find_distribution(capsys))[0] == "warning"
    await distribute()
    level, message = await find_distribution(capsys)
    assert (level, message.partition(" by user")[2]) == (
        "ok",
        " into 32 shards on 2 node(s), and copies 3 tables to every node",
    )

    await connection.execute("DELETE FROM pg_dist_partition WHERE logicalrelid::text = 'tags'")

    level, message = await find_distribution(capsys)
    assert (level, message) == ("problem", "Citus does not store tags as the service needs it")


@pytest.mark.spec("CIT-001")
async def test_page_leads_to_a_distributed_database(
    make_database: MakeDatabase, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url := await make_database(migrated=False))
    await pretend_citus(url, nodes="\n".join(NODES.findall(PAGE)))

    for command in COMMANDS.findall(PAGE)[0].splitlines():
        with contextlib.suppress(SystemExit):
            await asyncio.to_thread(main, command.removeprefix("todo ").split())

    assert (
        f"Citus distributes {len(distributed_tables())} tables by user into 32 shards on 2 node(s)"
        in capsys.readouterr().out
    )

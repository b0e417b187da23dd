"""PostgreSQL's time for requests of users of different sizes, alone and beside a million tasks of other users.

    .venv/bin/python -m benchmarks.neighbours

The rows of all users are mixed at random. The program prints the median time of each statement and the blocks that it
reads, which do not depend on the machine. With `--tiny` the tables have few rows, as a check of the program.
"""

import argparse
import asyncio
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import asyncpg

from benchmarks.seed import INSERT_TAGS, INSERT_USERS, TASKS_EACH, WORDS
from todo.core.database import migrator
from todo.core.database.connection import SHORT_STATEMENTS
from todo.core.database.statement import Statement
from todo.core.database.url import connect_arguments
from todo.core.postgres.server import DATABASE, EmbeddedPostgres
from todo.services.shared.lists import NEWEST_FIRST, PageShape
from todo.services.tags.statements import update_tag
from todo.services.tasks.list_statements import TaskFilter, select_page
from todo.services.tasks.statements import SEARCH

ROUNDS = 9
RENAMED = 3
"""The rows that the rename of a tag writes: the tag, the change clock of the user, and the change."""
SEEDING = {
    "synchronous_commit": "off",
    "session_replication_role": "replica",
    "work_mem": "512MB",
    "maintenance_work_mem": "512MB",
}
"""Settings of the connection that fills the tables. The role replica skips the checks of foreign keys."""
RARE_EACH = 500
"""Every 500th task of a user has the rare word."""
INSERT_TASKS = """
INSERT INTO tasks (user_id, title, title_key, description, completed, priority, due_date, created_at, updated_at)
SELECT users.id, initcap(title), title,
       CASE WHEN i % 3 > 0 THEN 'The ' || words[1 + abs(hashint4(i + 77)) % 16] || ' before ' || md5(i::text) END,
       i % 5 < 2, (ARRAY['low', 'medium', 'high'])[1 + i % 3],
       CASE WHEN i % 2 = 0 THEN now() + (i % 100) * interval '1 day' END,
       now() - i * interval '1 minute', now() - i * interval '1 minute'
FROM users, string_to_array($1, ' ') AS words,
     generate_series(1, coalesce(($2::int[])[substring(email FROM '[0-9]+')::int], $3)) AS i,
     concat(words[1 + abs(hashint4(i)) % 16], ' the ', words[1 + abs(hashint4(i + 7)) % 16], ' ', i,
            CASE WHEN i % $4 = 0 THEN ' zeppelin' END) AS title
ORDER BY random()
"""
INSERT_SEARCHES = """
INSERT INTO task_search (user_id, task_id, title, description)
SELECT user_id, id, title_key, lower(coalesce(description, '')) FROM tasks ORDER BY id
"""
INSERT_LINKS = """
INSERT INTO task_tag_link (user_id, task_id, tag_id)
SELECT user_id, tasks.id, tags.id FROM tasks JOIN tags USING (user_id)
WHERE tags.name = 'tag' || tasks.id % 10 OR tags.name = 'large' AND NOT completed
"""
INSERT_CLOCKS = "INSERT INTO change_clocks (user_id, seq) SELECT id, 0 FROM users"
INSERT_LARGE_TAGS = "INSERT INTO tags (user_id, name, name_key) SELECT id, 'large', 'large' FROM users"
SELECT_INDEXES = """
SELECT indexname AS name, indexdef AS definition FROM pg_indexes
WHERE tablename IN ('tasks', 'task_tag_link') AND indexdef LIKE 'CREATE INDEX%'
"""
"""The indexes that are faster to build once than to write for each row."""
SELECT_WRITTEN = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::int FROM pg_stat_xact_user_tables"


@dataclass(frozen=True)
class Cost:
    """The median milliseconds of a statement, the blocks and search rows that it reads, and the rows that it writes."""

    milliseconds: float
    blocks: int
    searched: int
    written: int


def main() -> None:
    """Measure a database without and a database with other users, and print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks.neighbours", description=__doc__.splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="few rows: a check that the program works")
    tiny = parser.parse_args().tiny
    sizes, others = ([5, 50, 100], 10) if tiny else ([500, 5_000, 100_000], 2_000)
    alone, crowded = _measure_database(sizes, 0), _measure_database(sizes, others)
    print(
        f"| tasks of the user | request | ms alone | ms beside {others * TASKS_EACH:,} | blocks alone | blocks beside |"
    )
    print("|---|---|---|---|---|---|")
    for (size, request), before in alone.items():
        after = crowded[size, request]
        print(
            f"| {size:,} | {request} | {before.milliseconds:.2f} | {after.milliseconds:.2f} "
            f"| {before.blocks:,} | {after.blocks:,} |"
        )
        assert before.searched == after.searched == (size if request.startswith("search") else 0), (before, after)
        assert before.written == after.written == (RENAMED if request.startswith("rename") else 0), (before, after)


def _measure_database(sizes: list[int], others: int) -> dict[tuple[int, str], Cost]:
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        migrator.upgrade(postgres.url())
        asyncio.run(_seed(postgres.admin_url(DATABASE), sizes, others))
        return asyncio.run(_measure(postgres.url(), sizes))


async def _seed(url: str, sizes: list[int], others: int) -> None:
    arguments = connect_arguments(url)
    arguments["server_settings"] |= SEEDING
    connection = await asyncpg.connect(**arguments)
    indexes = await connection.fetch(SELECT_INDEXES)
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    await connection.execute(INSERT_USERS, len(sizes) + others)
    await connection.execute(INSERT_CLOCKS)
    await connection.execute(INSERT_TASKS, WORDS, sizes, TASKS_EACH, RARE_EACH)
    await connection.execute(INSERT_SEARCHES)
    await connection.execute(INSERT_TAGS)
    await connection.execute(INSERT_LARGE_TAGS)
    await connection.execute(INSERT_LINKS)
    for index in indexes:
        await connection.execute(index["definition"])
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def _measure(url: str, sizes: list[int]) -> dict[tuple[int, str], Cost]:
    """Return the cost of each request by size of the user, with the settings of the service."""
    arguments = connect_arguments(url)
    arguments["server_settings"] |= SHORT_STATEMENTS
    connection = await asyncpg.connect(**arguments)
    costs = {}
    for number, size in enumerate(sizes, start=1):
        user = await connection.fetchval("SELECT id FROM users WHERE email = $1", f"user{number}@example.com")
        for request, (statement, values) in (await _requests(connection, user)).items():
            costs[size, request] = await _cost_of(connection, statement, values)
    await connection.close()
    return costs


async def _requests(connection: asyncpg.Connection, user_id: UUID) -> dict[str, tuple[Statement, dict[str, Any]]]:
    """Return the statement and the values of each request of a user."""
    tag_id = await connection.fetchval("SELECT id FROM tags WHERE user_id = $1 AND name = 'large'", user_id)
    page, shape = {"user_id": user_id, "limit": 20, "offset": 0}, PageShape(NEWEST_FIRST)
    search = select_page(TaskFilter(searches=True), shape)
    texts = {"1 letter": "g", "2 letters": "ga", "3 letters": "gar", "common word": "garden", "rare word": "zeppelin"}
    return {
        "list": (select_page(TaskFilter(), shape), page),
        "filter by a tag on 10 %": (
            select_page(TaskFilter(has_tag=True), shape),
            page | {"tag_name": "tag3", "tag_id": 0},
        ),
        **{f"search, {name}": (search, page | {"text": text}) for name, text in texts.items()},
        "rename of a tag on 60 %": (
            update_tag(conditional=False),
            {"user_id": user_id, "tag_id": tag_id, "name": "renamed", "name_key": "renamed", "color": None},
        ),
    }


async def _cost_of(connection: asyncpg.Connection, statement: Statement, values: dict[str, Any]) -> Cost:
    known = {name: values.get(name) for name in statement.parameters}
    literals = ", ".join("NULL" if value is None else f"'{value}'" for value in statement.arguments(known))
    await connection.execute(f"PREPARE measured AS {statement.sql}")
    times = []
    for _ in range(1 + ROUNDS):
        transaction = connection.transaction()
        await transaction.start()
        before = await connection.fetchval(SELECT_WRITTEN)
        plan = await connection.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE measured ({literals})"
        )
        written = await connection.fetchval(SELECT_WRITTEN) - before
        await transaction.rollback()
        [explanation] = json.loads(plan)
        times.append(explanation["Execution Time"])
    await connection.execute("DEALLOCATE measured")
    blocks = explanation["Plan"]["Shared Hit Blocks"] + explanation["Plan"]["Shared Read Blocks"]
    return Cost(median(times[1:]), blocks, _count_searched(explanation["Plan"]), written)


def _count_searched(node: dict[str, Any]) -> int:
    """Return the number of rows of `task_search` that a plan reads, matching or not."""
    own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) if node.get("Relation Name") == SEARCH.name else 0
    return round(own) + sum(map(_count_searched, node.get("Plans", ())))


if __name__ == "__main__":
    main()

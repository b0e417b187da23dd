"""A generated year of a few users, compressed into minutes, and its rows and bytes in the database.

    .venv/bin/python -m benchmarks.year

The command runs in `backend/`. It starts the service on an embedded PostgreSQL, and sends the writes of `DAY` for each
day of the year. It saves the rows and bytes of each table, the WAL of a write and the CPU time of a password in
`results/year.json`, which `benchmarks.model` reads. `--tiny` is a check that the command works, and saves nothing.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from passlib.context import CryptContext

from benchmarks.run import PORTS, RESULTS, SECRET, serving
from benchmarks.seed import WORDS
from todo.core.clock import utc_now
from todo.core.config import Settings
from todo.core.database import migrator
from todo.core.database.url import connect_arguments
from todo.core.postgres.server import DATABASE, EmbeddedPostgres
from todo.core.security.tokens import TokenKind, TokenSigner

DAY = {"create": 6, "complete": 5, "edit": 4, "tag": 2, "delete": 1}
"""The writes of an active user on a day."""
TAGS = 12
DESCRIBED, DUE = 0.4, 0.5
"""The shares of the tasks with a description and with a due date."""
API = f"http://127.0.0.1:{PORTS['service']}/api/v1"
INSERT_USER = "INSERT INTO users (email, email_key, password_hash) VALUES ($1::text, $1::text, 'x') RETURNING id"
SELECT_SIZES = """
SELECT relname, pg_total_relation_size(relid) AS bytes, n_live_tup AS rows FROM pg_stat_user_tables ORDER BY relname
"""


def main() -> None:
    """Run the year, print the result, and save it."""
    parser = argparse.ArgumentParser(description="Generate a year of users.")
    parser.add_argument("--tiny", action="store_true", help="a check that the program works")
    tiny = parser.parse_args().tiny
    users, days = (2, 5) if tiny else (5, 365)
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        migrator.upgrade(postgres.url())
        with serving("service", postgres.url(), 1):
            year = asyncio.run(_live(postgres.admin_url(DATABASE), users, days))
    year["password_microseconds"] = _time_password()
    print(json.dumps(year, indent=1))
    if not tiny:
        (RESULTS / "year.json").write_text(json.dumps(year, indent=1) + "\n")


async def _live(url: str, users: int, days: int) -> dict[str, Any]:
    connection = await asyncpg.connect(**connect_arguments(url))
    signer = TokenSigner(SECRET)
    empty = {row["relname"]: row["bytes"] for row in await connection.fetch(SELECT_SIZES)}
    start = await connection.fetchval("SELECT pg_current_wal_lsn()")
    people = [f"user{number}@example.com" for number in range(users)]
    tokens = [
        signer.sign(TokenKind.ACCESS, await connection.fetchval(INSERT_USER, email), email, utc_now())
        for email in people
    ]
    writes = sum(await asyncio.gather(*(_live_as(token, days, seed) for seed, token in enumerate(tokens))))
    wal = await connection.fetchval("SELECT pg_current_wal_lsn() - $1::pg_lsn", start)
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("SELECT pg_stat_force_next_flush()")
    sizes = await connection.fetch(SELECT_SIZES)
    await connection.close()
    return {
        "users": users,
        "days": days,
        "writes": writes,
        "wal_bytes_per_write": round(wal / writes),
        "tables": {
            row["relname"]: {"rows": row["rows"], "bytes": row["bytes"] - empty[row["relname"]]}
            for row in sizes
            if row["rows"]
        },
    }


async def _live_as(token: str, days: int, seed: int) -> int:
    """Send the writes of one user, and return their number."""
    source, writes = random.Random(seed), 0  # noqa: S311  # the year must be the same in each run
    pending: list[int] = []
    done: list[int] = []
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=API, headers=headers, timeout=60) as client:

        async def send(method: str, path: str, body: object = None) -> Any:
            nonlocal writes
            response = await client.request(method, path, json=body)
            response.raise_for_status()
            writes += 1
            return response.json() if response.content else None

        tags = [(await send("POST", "/tags", {"name": f"tag {number}"}))["id"] for number in range(TAGS)]
        for _ in range(days):
            pending += [(await send("POST", "/tasks", _task(source)))["id"] for _ in range(DAY["create"])]
            for _ in range(DAY["complete"]):
                done.append(pending.pop(source.randrange(len(pending))))
                await send("PATCH", f"/tasks/{done[-1]}", {"completed": True})
            for _ in range(DAY["edit"]):
                change = source.choice([{"title": _text(source, 4)}, {"due_day": "2026-12-01"}, {"priority": "high"}])
                await send("PATCH", f"/tasks/{source.choice(pending or done)}", change)
            for _ in range(DAY["tag"]):
                await send("POST", f"/tasks/{source.choice(pending or done)}/tags/{source.choice(tags)}")
            for _ in range(DAY["delete"]):
                await send("DELETE", f"/tasks/{done.pop(source.randrange(len(done)))}")
    return writes


def _time_password() -> int:
    """Return the CPU time of hashing a password with the default `BCRYPT_ROUNDS`, in µs."""
    context = CryptContext(
        schemes=["bcrypt_sha256"], bcrypt_sha256__rounds=Settings.model_fields["bcrypt_rounds"].default
    )
    started_at = time.process_time()
    for _ in range(5):
        context.hash("correct horse battery")
    return round((time.process_time() - started_at) / 5 * 1e6)


def _task(source: random.Random) -> dict[str, object]:
    task: dict[str, object] = {"title": _text(source, 4), "priority": source.choice(["low", "medium", "high"])}
    if source.random() < DESCRIBED:
        task["description"] = _text(source, 20)
    if source.random() < DUE:
        task["due_date"] = "2026-12-01T18:00:00Z"
    return task


def _text(source: random.Random, words: int) -> str:
    return " ".join(source.choices(WORDS.split(), k=words))


if __name__ == "__main__":
    main()

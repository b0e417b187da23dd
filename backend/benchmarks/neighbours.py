"""The time of requests of users of different sizes, without and with a million tasks of other users.

    .venv/bin/python -m benchmarks.neighbours

Three users have 500, 5,000 and 100,000 tasks. The searches differ in length and in the number of matching tasks. The
rename changes a tag that 60,000 tasks of the largest user have. Each time is the median of ROUNDS requests.
"""

import asyncio
import json
import tempfile
import time
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

import asyncpg

from benchmarks.run import PORTS, SECRET, serving
from benchmarks.seed import INSERT_TASKS, INSERT_USERS, WORDS
from todo.core.clock import utc_now
from todo.core.database import migrator
from todo.core.database.url import connect_arguments
from todo.core.postgres.server import DATABASE, EmbeddedPostgres
from todo.core.security.tokens import TokenKind, TokenSigner

ROUNDS = 9
SIZES = (500, 5_000, 100_000)
OTHERS, TASKS_EACH = 2_000, 500
TAGGED = 60_000
SEARCHES = {"1 letter": "g", "2 letters": "ga", "3 letters": "gar", "common word": "garden", "rare word": "garden 77"}
INSERT_LINKS = """
WITH tag AS (INSERT INTO tags (user_id, name, name_key) SELECT id, 'large', 'large' FROM users WHERE email = $1
             RETURNING user_id, id)
INSERT INTO task_tag_link (user_id, task_id, tag_id)
SELECT user_id, tasks.id, tag.id FROM tag JOIN tasks USING (user_id) LIMIT $2
"""
SELECT_OWNER = (
    "SELECT users.id, email, (SELECT id FROM tags WHERE user_id = users.id) AS tag FROM users WHERE email = $1"
)


def main() -> None:
    """Measure both states of the database, and print a table."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        url = postgres.url()
        migrator.upgrade(url)
        admin_url = postgres.admin_url(DATABASE)
        tokens, tag = asyncio.run(_add_measured_users(admin_url))
        with serving("service", url, 1):
            alone = _measure(tokens, tag)
            asyncio.run(_add_other_users(admin_url))
            crowded = _measure(tokens, tag)
    print(
        f"| user | request | ms alone | ms with {OTHERS * TASKS_EACH:,} tasks of others | ratio |\n|---|---|---|---|---|"
    )
    for (size, request), before in alone.items():
        after = crowded[size, request]
        print(f"| {size:,} tasks | {request} | {before:.1f} | {after:.1f} | {after / before:.2f} |")


async def _add_measured_users(url: str) -> tuple[dict[int, str], int]:
    """Return an access token for each size, and the id of the tag of the largest user."""
    connection = await asyncpg.connect(**connect_arguments(url))
    await connection.execute(INSERT_USERS, len(SIZES))
    emails = {size: f"user{number}@example.com" for number, size in enumerate(SIZES, start=1)}
    for size, email in emails.items():
        await connection.execute(INSERT_TASKS, [email], size, WORDS)
    await connection.execute(INSERT_LINKS, emails[SIZES[-1]], TAGGED)
    await connection.execute("VACUUM (ANALYZE)")
    signer, now = TokenSigner(SECRET), utc_now()
    owners = {size: await connection.fetchrow(SELECT_OWNER, email) for size, email in emails.items()}
    await connection.close()
    tokens = {size: signer.sign(TokenKind.ACCESS, row["id"], row["email"], now) for size, row in owners.items()}
    return tokens, owners[SIZES[-1]]["tag"]


async def _add_other_users(url: str) -> None:
    connection = await asyncpg.connect(**connect_arguments(url))
    await connection.execute("SET synchronous_commit = off")
    await connection.execute(INSERT_USERS.replace("'user'", "'other'"), OTHERS)
    emails = [row["email"] for row in await connection.fetch("SELECT email FROM users WHERE email LIKE 'other%'")]
    await connection.execute(INSERT_TASKS, emails, TASKS_EACH, WORDS)
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("CHECKPOINT")
    await connection.close()


def _measure(tokens: dict[int, str], tag: int) -> dict[tuple[int, str], float]:
    """Return the median milliseconds of each user's requests."""
    times = {}
    for size, token in tokens.items():
        for name, text in SEARCHES.items():
            path = f"/tasks?q={text.replace(' ', '%20')}"
            times[size, f"search, {name}"] = median(_milliseconds(token, "GET", path) for _ in range(ROUNDS))
    rename = [
        _milliseconds(tokens[SIZES[-1]], "PUT", f"/tags/{tag}", {"name": f"large {number}"}) for number in range(ROUNDS)
    ]
    times[SIZES[-1], f"rename of a tag on {TAGGED:,} tasks"] = median(rename)
    return times


def _milliseconds(token: str, method: str, path: str, body: dict[str, str] | None = None) -> float:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    content = json.dumps(body).encode() if body else None
    request = Request(f"http://127.0.0.1:{PORTS['service']}/api/v1{path}", content, headers, method=method)
    started_at = time.perf_counter()
    with urlopen(request) as response:
        response.read()
    return (time.perf_counter() - started_at) * 1000


if __name__ == "__main__":
    main()

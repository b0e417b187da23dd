"""The least that the benchmarked requests can cost in Python: raw ASGI, one statement each, the same answers.

No framework, no validation beyond what keeps it running, no log. It is what the service is compared with, and nothing
to build on. `uvicorn benchmarks.limit:app` serves it on the database of DATABASE_URL, for tokens signed with
JWT_SECRET_KEY.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import asyncpg
import orjson
from jose import jwt

from todo.core.database.database import SHORT_STATEMENTS
from todo.core.database.url import connect_arguments

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, bytes]

COLUMNS = """id, title, description, completed, priority, due_date, recurrence_rule, external_id, user_id, version,
             created_at, updated_at"""
TAGS = """(SELECT coalesce(json_agg(json_build_object('id', tags.id, 'name', tags.name, 'color', tags.color)
                                    ORDER BY lower(tags.name), tags.name), '[]')
           FROM task_tag_link AS link CROSS JOIN LATERAL (
               SELECT * FROM tags WHERE tags.user_id = link.user_id AND tags.id = link.tag_id LIMIT 1
           ) AS tags
           WHERE link.user_id = task.user_id AND link.task_id = task.id) AS tags"""
SELECT_USER = "SELECT id, email, name, created_at FROM users WHERE id = $1"
SELECT_TASK = f"SELECT {COLUMNS}, {TAGS} FROM tasks AS task WHERE user_id = $1 AND id = $2"
SELECT_LIST = f"""
SELECT total, task.*, {TAGS}
FROM (SELECT count(*) AS total FROM tasks WHERE user_id = $1) AS counted,
     (SELECT {COLUMNS} FROM tasks WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 20) AS task
ORDER BY created_at DESC, id DESC"""
FOUND = f"""
SELECT (SELECT count(*) FROM found) AS total, task.*, {TAGS}
FROM (SELECT {COLUMNS} FROM tasks
      WHERE user_id = $1 AND id IN (SELECT id FROM found ORDER BY created_at DESC, id DESC LIMIT 20)) AS task
ORDER BY created_at DESC, id DESC"""
SELECT_FILTERED = f"""
WITH found AS MATERIALIZED (
    SELECT id, created_at FROM tasks
    WHERE user_id = $1 AND completed = false AND priority = $2
      AND id = ANY (ARRAY (SELECT task_id FROM task_tag_link AS link
                           JOIN tags ON tags.user_id = link.user_id AND tags.id = tag_id
                           WHERE link.user_id = $1 AND name = $3))
) {FOUND}"""
SELECT_FOUND = f"""
WITH size AS (SELECT count(*) > 3000 AS is_large FROM (SELECT FROM tasks WHERE user_id = $1 LIMIT 3001) AS few),
found AS MATERIALIZED (
    SELECT id, created_at FROM tasks
    WHERE NOT (SELECT is_large FROM size) AND user_id = $1 AND search_text || '' LIKE $2
    UNION ALL
    SELECT id, created_at FROM tasks WHERE (SELECT is_large FROM size) AND user_id = $1 AND search_text LIKE $2
) {FOUND}"""
INSERT_TASK = f"""
INSERT INTO tasks AS task (user_id, title, description, priority) VALUES ($1, $2, $3, $4)
RETURNING {COLUMNS}, '[]' AS tags"""
UPDATE_TASK = f"""
UPDATE tasks AS task SET completed = $3, version = version + 1, updated_at = now()
WHERE user_id = $1 AND id = $2 RETURNING {COLUMNS}, {TAGS}"""

users: dict[str, UUID] = {}
"""Who is behind a token that was verified once."""
pool: asyncpg.Pool


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one connection."""
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    status, body = await answer(scope, receive)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def live(receive: Receive, send: Send) -> None:
    """Connect, and disconnect at the end."""
    global pool  # noqa: PLW0603 -- a raw application has nowhere else to keep it
    await receive()
    arguments = connect_arguments(os.environ["DATABASE_URL"])
    arguments["server_settings"] |= SHORT_STATEMENTS
    pool = await asyncpg.create_pool(**arguments, min_size=2, max_size=5, reset=keep)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await pool.close()
    await send({"type": "lifespan.shutdown.complete"})


async def keep(_connection: object) -> None:
    """Leave a connection as it is when it comes back."""


async def answer(scope: Scope, receive: Receive) -> Answer:
    """Do what a request asks for."""
    path, method = scope["path"], scope["method"]
    if path == "/health":
        return 200, b'{"status":"healthy"}'
    user = identify(scope)
    if path == "/api/v1/auth/me":
        return 200, dump((await pool.fetch(SELECT_USER, user))[0])
    if path == "/api/v1/tasks":
        return await create(user, receive) if method == "POST" else await find(user, scope["query_string"])
    task_id = int(path.rpartition("/")[2])
    if method == "PATCH":
        body = orjson.loads((await receive())["body"])
        return 200, dump_task((await pool.fetch(UPDATE_TASK, user, task_id, body["completed"]))[0])
    return 200, dump_task((await pool.fetch(SELECT_TASK, user, task_id))[0])


def identify(scope: Scope) -> UUID:
    """Return who is asking."""
    token = next(value for name, value in scope["headers"] if name == b"authorization")[7:].decode()
    if token not in users:
        users[token] = UUID(jwt.decode(token, os.environ["JWT_SECRET_KEY"], algorithms=["HS256"])["sub"])
    return users[token]


async def find(user: UUID, query_string: bytes) -> Answer:
    """Return a page of 20 tasks."""
    query = dict(parse_qsl(query_string.decode()))
    if "q" in query:
        rows = await pool.fetch(SELECT_FOUND, user, f"%{query['q']}%")
    elif "tag" in query:
        rows = await pool.fetch(SELECT_FILTERED, user, query["priority"], query["tag"])
    else:
        rows = await pool.fetch(SELECT_LIST, user)
    total = rows[0]["total"] if rows else 0
    items = [orjson.Fragment(dump_task(row)) for row in rows]
    return 200, orjson.dumps({"items": items, "total": total, "page": 1, "limit": 20, "pages": -(-total // 20)})


async def create(user: UUID, receive: Receive) -> Answer:
    """Create a task."""
    body = orjson.loads((await receive())["body"])
    rows = await pool.fetch(INSERT_TASK, user, body["title"], body.get("description"), body.get("priority", "medium"))
    return 201, dump_task(rows[0])


def dump_task(row: asyncpg.Record) -> bytes:
    """Return a task as JSON; its tags come as JSON from the database."""
    return dump({**row, "tags": orjson.Fragment(row["tags"])})


def dump(row: asyncpg.Record | dict[str, Any]) -> bytes:
    """Return a row as JSON."""
    fields = dict(row)
    fields.pop("total", None)
    return orjson.dumps(fields, default=str, option=orjson.OPT_UTC_Z)

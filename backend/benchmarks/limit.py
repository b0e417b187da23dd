"""The limit: the benchmarked requests at the lowest cost in Python, with raw ASGI and as few statements as possible.

The limit has the responses of the service, but no framework, no log and hardly any validation. It exists only for the
comparison. `uvicorn benchmarks.limit:app` serves it on the database of DATABASE_URL, for tokens signed with
JWT_SECRET_KEY.
"""

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import orjson
from jose import jwt

from benchmarks.limit_writes import COLUMNS, KEY, TAGS, Row, complete_task, insert_task, move_task
from todo.core.database.connection import SHORT_STATEMENTS
from todo.core.database.url import connect_arguments
from todo.domain.quick_add.due import Moment
from todo.domain.quick_add.languages import LANGUAGES
from todo.domain.quick_add.reading import read_text
from todo.domain.quick_add.settling import settle
from todo.models.task import DUE_KEY
from todo.services.quick_add.service import WEEK_STARTS

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Response = tuple[int, bytes]

SELECT_USER = """SELECT id, email, name, created_at, time_zone, week_start, totp_enabled,
                        CASE WHEN pending_email_expires_at > now() THEN pending_email END AS pending_email
                 FROM users WHERE id = $1"""
COUNTS = """(SELECT json_build_object('total', count(*), 'completed', count(*) FILTER (WHERE completed))
            FROM tasks AS child WHERE child.user_id = $1 AND child.parent_id = task.id) AS subtask_counts"""
SELECT_TASK = f"SELECT {COLUMNS}, {TAGS}, {COUNTS} FROM tasks AS task WHERE user_id = $1 AND id = $2"
NO_SUBTASKS = '{"total" : 0, '
SELECT_LIST = f"""
SELECT total, task.*, {TAGS}
FROM (SELECT count(*) AS total FROM tasks WHERE user_id = $1 AND NOT archived) AS counted,
     (SELECT {COLUMNS} FROM tasks WHERE user_id = $1 AND NOT archived
      ORDER BY created_at DESC, id DESC LIMIT 20) AS task
ORDER BY created_at DESC, id DESC"""
SELECT_BY_POSITION = SELECT_LIST.replace("created_at DESC, id DESC", f"{KEY}, id")
FOUND = f"""
SELECT (SELECT count(*) FROM found) AS total, task.*, {TAGS}
FROM (SELECT {COLUMNS} FROM tasks
      WHERE user_id = $1 AND id IN (SELECT id FROM found ORDER BY created_at DESC, id DESC LIMIT 20)) AS task
ORDER BY created_at DESC, id DESC"""
SELECT_FILTERED = f"""
WITH found AS MATERIALIZED (
    SELECT id, created_at FROM tasks
    WHERE user_id = $1 AND NOT archived AND completed = false AND priority = $2
      AND id = ANY (ARRAY (SELECT task_id FROM task_tag_link AS link
                           JOIN tags ON tags.user_id = link.user_id AND tags.id = tag_id
                           WHERE link.user_id = $1 AND name = $3))
) {FOUND}"""
SELECT_BY_GRAMMAR = SELECT_FILTERED.replace("AND completed = false ", "")
SELECT_FOUND = f"""
WITH found AS MATERIALIZED (
    SELECT id, created_at FROM tasks
    WHERE user_id = $1 AND NOT archived
      AND id = ANY (ARRAY (SELECT task_id FROM task_search WHERE user_id = $1
                           AND (strpos(title, $2) > 0 OR strpos(description, $2) > 0)))
) {FOUND}"""
SELECT_DUE = f"""
WITH zone AS (SELECT time_zone, (now() AT TIME ZONE time_zone)::date AS today FROM users WHERE id = $1),
found AS MATERIALIZED (
    SELECT id, created_at FROM tasks, zone
    WHERE user_id = $1 AND NOT archived
      AND {DUE_KEY} BETWEEN timezone('UTC', (today - 1)::timestamp) AND timezone('UTC', (today + 8)::timestamp)
      AND (due_day BETWEEN today AND today + 6
           OR due_date >= timezone(time_zone, today::timestamp)
          AND due_date < timezone(time_zone, (today + 7)::timestamp))
) {FOUND}"""
INSERT_TASK = f"""
WITH task AS (
    INSERT INTO tasks (user_id, title, title_key, description, priority) VALUES ($1, $2, lower($2::varchar), $3, $4)
    RETURNING {COLUMNS}
), search AS (
    INSERT INTO task_search SELECT user_id, id, lower(title), lower(coalesce(description, '')) FROM task
)
SELECT *, '[]' AS tags FROM task"""
SELECT_CALENDAR = "SELECT time_zone, week_start FROM users WHERE id = $1"
INSERT_QUICKLY = INSERT_TASK.replace("priority) VALUES ($1, $2, lower($2::varchar), $3, $4)",
                                     "priority, due_day) VALUES ($1, $2, lower($2::varchar), $3, $4, $5)")  # fmt: skip
UPDATE_TASK = f"""
UPDATE tasks AS task SET due_date = $3, due_day = NULL, version = version + 1, updated_at = now()
WHERE user_id = $1 AND id = $2 RETURNING {COLUMNS}, {TAGS}"""

ALL_LANGUAGES = [*LANGUAGES.values()]
users: dict[str, UUID] = {}
"""The user of each verified token."""
pool: asyncpg.Pool


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one connection."""
    if scope["type"] == "lifespan":
        await run_lifespan(receive, send)
        return
    status, body = await handle(scope, receive)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def run_lifespan(receive: Receive, send: Send) -> None:
    """Open the pool at the start, and close it at the end."""
    global pool  # noqa: PLW0603 -- raw ASGI has no application object
    await receive()
    arguments = connect_arguments(os.environ["DATABASE_URL"])
    arguments["server_settings"] |= SHORT_STATEMENTS
    pool = await asyncpg.create_pool(**arguments, min_size=2, max_size=5, reset=skip_reset)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await pool.close()
    await send({"type": "lifespan.shutdown.complete"})


async def skip_reset(_connection: object) -> None:
    """Keep the state of a released connection."""


async def handle(scope: Scope, receive: Receive) -> Response:
    """Return the status and the body of the response."""
    path, method = scope["path"], scope["method"]
    if path == "/health":
        return 200, b'{"status":"healthy"}'
    user_id = get_user_id(scope)
    if path == "/api/v1/auth/me":
        return 200, dump((await pool.fetch(SELECT_USER, user_id))[0])
    if method == "POST":
        return await write_task(user_id, path.rsplit("/", 2), receive)
    if path == "/api/v1/tasks":
        return await list_tasks(user_id, scope["query_string"])
    task_id = int(path.rpartition("/")[2])
    if method == "PATCH":
        body = orjson.loads((await receive())["body"])
        due_date = datetime.fromisoformat(body["due_date"])
        return 200, dump_task((await pool.fetch(UPDATE_TASK, user_id, task_id, due_date))[0])
    return 200, dump_task((await pool.fetch(SELECT_TASK, user_id, task_id))[0])


def get_user_id(scope: Scope) -> UUID:
    """Return the id of the user of the token."""
    token = next(value for name, value in scope["headers"] if name == b"authorization")[7:].decode()
    if token not in users:
        users[token] = UUID(jwt.decode(token, os.environ["JWT_SECRET_KEY"], algorithms=["HS256"])["sub"])
    return users[token]


async def list_tasks(user_id: UUID, query_string: bytes) -> Response:
    """Return a page of 20 tasks."""
    query = dict(parse_qsl(query_string.decode()))
    if "q" in query:
        rows = await pool.fetch(SELECT_FOUND, user_id, query["q"].lower())
    elif "due" in query:
        rows = await pool.fetch(SELECT_DUE, user_id)
    elif "sort" in query:
        rows = await pool.fetch(SELECT_BY_POSITION, user_id)
    elif "filter" in query:
        rows = await pool.fetch(SELECT_BY_GRAMMAR, user_id, "high", query["filter"].partition("@")[2])
    elif "tag" in query:
        rows = await pool.fetch(SELECT_FILTERED, user_id, query["priority"], query["tag"])
    else:
        rows = await pool.fetch(SELECT_LIST, user_id)
    total = rows[0]["total"] if rows else 0
    items = [orjson.Fragment(dump_task(row)) for row in rows]
    return 200, orjson.dumps({"items": items, "total": total, "page": 1, "limit": 20, "pages": -(-total // 20)})


async def write_task(user_id: UUID, segments: list[str], receive: Receive) -> Response:
    """Create, move or complete a task."""
    match segments:
        case [_, _, "quick"]:
            return await add_quickly(user_id, receive)
        case [_, task_id, "move"]:
            body = orjson.loads((await receive())["body"])
            return 200, dump_task(await move_task(pool, user_id, int(task_id), body["after"]))
        case [_, task_id, "complete"]:
            task, occurrence = await complete_task(pool, user_id, int(task_id))
            return 200, dump({"task": orjson.Fragment(dump_task(task)), "occurrence": occurrence})
    body = orjson.loads((await receive())["body"])
    return await create_task(user_id, body)


async def create_task(user_id: UUID, body: dict[str, Any]) -> Response:
    """Create a task."""
    if "subtasks" in body or "tags" in body:
        return 201, dump_task(await insert_task(pool, user_id, body))
    rows = await pool.fetch(
        INSERT_TASK, user_id, body["title"], body.get("description"), body.get("priority", "medium")
    )
    return 201, dump_task(rows[0])


async def add_quickly(user_id: UUID, receive: Receive) -> Response:
    """Create a task from a text with a day and a priority. The service's reader reads it, because there is no other."""
    text = orjson.loads((await receive())["body"])["text"]
    [calendar] = await pool.fetch(SELECT_CALENDAR, user_id)
    moment = Moment(datetime.now(UTC), ZoneInfo(calendar["time_zone"]), WEEK_STARTS[calendar["week_start"]])
    title, parts, fields = settle(read_text(text, moment, ALL_LANGUAGES), [], moment, ALL_LANGUAGES)
    rows = await pool.fetch(INSERT_QUICKLY, user_id, title, None, fields["priority"], fields["due_day"])
    understood = [part._asdict() for part in parts]
    body = {"task": orjson.Fragment(dump_task(rows[0])), "understood": understood, "unresolved": []}
    return 201, orjson.dumps(body)


def dump_task(row: Row) -> bytes:
    """Return a task as JSON. The database returns its tags as JSON, and no position before the first move."""
    fields = {**row, "position": row["position"] or f"i{row['id']:016x}", "tags": orjson.Fragment(row["tags"])}
    counts = fields.pop("subtask_counts", NO_SUBTASKS)
    if not counts.startswith(NO_SUBTASKS):
        fields["subtask_counts"] = orjson.Fragment(counts)
    return dump(fields)


def dump(row: Row) -> bytes:
    """Return a row as JSON."""
    fields = dict(row)
    fields.pop("total", None)
    return orjson.dumps(fields, default=str, option=orjson.OPT_UTC_Z)

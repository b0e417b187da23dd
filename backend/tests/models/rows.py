"""SQL that inserts and counts rows, without the services."""

from uuid import UUID

import asyncpg

from todo.domain.text import fold, sort_key

TABLES = {
    *("users", "tasks", "tags", "task_search", "task_tag_link", "sessions", "access_tokens", "idempotency_keys"),
    *("totp_factors", "recovery_codes"),
}
INSERT_USER = "INSERT INTO users (email, email_key, password_hash) VALUES ($1, $2, 'x') RETURNING id"
INSERT_TASK = "INSERT INTO tasks (user_id, title, title_key) VALUES ($1, $2, $3) RETURNING id"
INSERT_TAG = "INSERT INTO tags (user_id, name, name_key) VALUES ($1, $2, $3) RETURNING id"
ADD_TAG = "INSERT INTO task_tag_link (user_id, task_id, tag_id) VALUES ($1, $2, $3)"
INSERT_SEARCH = "INSERT INTO task_search (user_id, task_id, title, description) VALUES ($1, $2, '', '')"
INSERT_LOGIN_SESSION = (
    "INSERT INTO sessions (user_id, id, token_hash, expires_at) VALUES ($1, gen_random_uuid(), 'x', now())"
)
INSERT_TOKEN = "INSERT INTO access_tokens (user_id, name, token_hash, scopes) VALUES ($1, 'cron', $2, $3)"
INSERT_KEY = "INSERT INTO idempotency_keys (user_id, key, fingerprint) VALUES ($1, $2, 'x')"


async def insert_user(connection: asyncpg.Connection, email: str) -> UUID:
    """Insert a user and return its id."""
    user_id: UUID = await connection.fetchval(INSERT_USER, email, fold(email))
    return user_id


async def insert_task(connection: asyncpg.Connection, user_id: UUID | None, title: str = "Water the plants") -> int:
    """Insert a task and return its id."""
    task_id: int = await connection.fetchval(INSERT_TASK, user_id, title, sort_key(title))
    return task_id


async def insert_tag(connection: asyncpg.Connection, user_id: UUID | None, name: str = "home") -> int:
    """Insert a tag and return its id."""
    tag_id: int = await connection.fetchval(INSERT_TAG, user_id, name, sort_key(name))
    return tag_id


async def count_rows(connection: asyncpg.Connection, table: str) -> int:
    """Return how many rows a table has."""
    rows: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return rows

"""The data of the benchmark: users with 500 tasks each, and on request one user with many more."""

from dataclasses import dataclass

import asyncpg

from todo.core.clock import utc_now
from todo.core.database.url import connect_arguments
from todo.core.security.tokens import TokenKind, TokenSigner

TASKS_EACH = 500
REPEATING = 3
"""The place of the first repeating task, from 0. Each tenth task behind it repeats."""
WORDS = "water plants report budget garden invoice meeting travel paint clean repair phone school music kitchen server"
INSERT_USERS = """
INSERT INTO users (email, email_key, password_hash)
SELECT email, email, 'x' FROM (SELECT 'user' || i || '@example.com' AS email FROM generate_series(1, $1) AS i) AS new
"""
INSERT_TASKS = """
WITH inserted AS (
INSERT INTO tasks (user_id, title, title_key, description, completed, priority, due_date, recurrence_rule, created_at,
                   updated_at)
SELECT owner.id,
       initcap(words[1 + abs(hashint4(i)) % 16]) || ' the ' || words[1 + abs(hashint4(i + 7)) % 16] || ' ' || i,
       words[1 + abs(hashint4(i)) % 16] || ' the ' || words[1 + abs(hashint4(i + 7)) % 16] || ' ' || i,
       CASE WHEN i % 3 > 0 THEN 'The ' || words[1 + abs(hashint4(i + 77)) % 16] || ' before ' || md5(i::text) END,
       i % 5 < 2, (ARRAY['low', 'medium', 'high'])[1 + i % 3],
       CASE WHEN i % 2 = 0 THEN now() + (i % 100) * interval '1 day' END, CASE WHEN i % 10 = 4 THEN 'FREQ=DAILY' END,
       now() - i * interval '1 minute', now() - i * interval '1 minute'
FROM (SELECT id FROM users WHERE email = ANY ($1)) AS owner, generate_series(1, $2) AS i,
     string_to_array($3, ' ') AS words
ORDER BY owner.id, i
RETURNING *
)
INSERT INTO task_search (user_id, task_id, title, description)
SELECT user_id, id, title_key, lower(coalesce(description, '')) FROM inserted
"""
INSERT_TAGS = """
INSERT INTO tags (user_id, name, name_key, color)
SELECT id, 'tag' || i, 'tag' || i, '#2E8B57' FROM users, generate_series(0, 9) AS i
"""
INSERT_LINKS = """
INSERT INTO task_tag_link (user_id, task_id, tag_id)
SELECT user_id, tasks.id, tags.id FROM tasks JOIN tags USING (user_id) WHERE tags.name = 'tag' || tasks.id % 10
"""
SELECT_PEOPLE = """
SELECT users.id, email, min(tasks.id) AS first FROM users JOIN tasks ON user_id = users.id GROUP BY users.id
HAVING count(*) = $1 ORDER BY email
"""


@dataclass(frozen=True)
class Person:
    """A user: an access token, and tasks with consecutive ids."""

    token: str
    first_task: int
    tasks: int


async def seed(url: str, secret: str, people: int, large: int, others: int) -> tuple[list[Person], list[Person]]:
    """Fill a migrated, empty database.

    Args:
        url: the URL of the database.
        secret: the secret that signs tokens.
        people: the number of measured users with 500 tasks.
        large: the number of tasks of one additional user; 0 for no such user.
        others: the number of additional users with 500 tasks, which make the tables larger.

    Returns:
        The measured users, and a list with the user of many tasks, which may be empty.
    """
    connection = await asyncpg.connect(**connect_arguments(url))
    await connection.execute("SET synchronous_commit = off")
    await connection.execute(INSERT_USERS, people + others + (1 if large else 0))
    emails = [row["email"] for row in await connection.fetch("SELECT email FROM users ORDER BY created_at, email")]
    if large:
        await connection.execute(INSERT_TASKS, [emails.pop()], large, WORDS)
    await connection.execute(INSERT_TASKS, emails, TASKS_EACH, WORDS)
    await connection.execute(INSERT_TAGS)
    await connection.execute(INSERT_LINKS)
    await connection.execute("INSERT INTO change_clocks (user_id, seq) SELECT id, 0 FROM users")
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("CHECKPOINT")
    signer = TokenSigner(secret)
    users = [await _read_people(connection, signer, tasks) for tasks in (TASKS_EACH, large)]
    await connection.close()
    return users[0][:people], users[1] if large else []


async def _read_people(connection: asyncpg.Connection, signer: TokenSigner, tasks: int) -> list[Person]:
    rows = await connection.fetch(SELECT_PEOPLE, tasks)
    now = utc_now()
    return [Person(signer.sign(TokenKind.ACCESS, row["id"], row["email"], now), row["first"], tasks) for row in rows]

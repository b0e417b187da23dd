"""Store folded text and sort keys that the service computes, and move the searched text to a table of its own.

The migration reads and writes every task, tag and user once, in batches and in one transaction. Stop the
service meanwhile: the tables are locked, and the version before cannot insert rows afterwards.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from todo.core.database.migrator import MigrationError, find_progress
from todo.domain.text import fold, normalize, sort_key

revision = "e2a94c07d1b8"
down_revision = "5b90d2f7a6c3"
branch_labels = None
depends_on = None

BATCH = 5000
SORT_KEY_MAX = 200
SEARCH_TEXT = "lower((title::text || chr(31)) || (COALESCE(description, ''::character varying))::text)"

SELECT_TASKS = """
SELECT user_id, id, title, description FROM tasks
WHERE (user_id, id) > (:user_id, :id) ORDER BY user_id, id LIMIT :batch
"""
UPDATE_TASKS = """
UPDATE tasks SET title = new.title, description = new.description, title_key = new.title_key
FROM unnest(CAST(:user_id AS uuid[]), CAST(:id AS bigint[]), CAST(:title AS text[]), CAST(:description AS text[]),
            CAST(:title_key AS text[])) AS new (user_id, id, title, description, title_key)
WHERE tasks.user_id = new.user_id AND tasks.id = new.id
"""
INSERT_SEARCH = """
INSERT INTO task_search (user_id, task_id, title, description)
SELECT * FROM unnest(CAST(:user_id AS uuid[]), CAST(:id AS bigint[]), CAST(:title AS text[]), CAST(:text AS text[]))
"""
SELECT_TAGS = (
    "SELECT user_id, id, name FROM tags WHERE (user_id, id) > (:user_id, :id) ORDER BY user_id, id LIMIT :batch"
)
UPDATE_TAGS = """
UPDATE tags SET name_key = new.name_key
FROM unnest(CAST(:user_id AS uuid[]), CAST(:id AS bigint[]), CAST(:name_key AS text[])) AS new (user_id, id, name_key)
WHERE tags.user_id = new.user_id AND tags.id = new.id
"""
NORMALIZE_TAG = """
UPDATE tags SET name = :name WHERE user_id = :user_id AND id = :id
AND NOT EXISTS (SELECT FROM tags AS other WHERE other.user_id = :user_id AND other.name = :name)
"""
SELECT_USERS = "SELECT id, email FROM users WHERE id > :id ORDER BY id LIMIT :batch"
UPDATE_USERS = """
UPDATE users SET email_key = new.email_key
FROM unnest(CAST(:id AS uuid[]), CAST(:email_key AS text[])) AS new (id, email_key) WHERE users.id = new.id
"""
SELECT_DUPLICATES = """
SELECT string_agg(email, ' and ' ORDER BY created_at) FROM users GROUP BY email_key HAVING count(*) > 1 LIMIT 1
"""
NIL = "00000000-0000-0000-0000-000000000000"


def upgrade() -> None:
    """Add the columns and the search table, fill them, and replace the indexes on lower-case text."""
    op.add_column("users", sa.Column("email_key", sa.Text(collation="C")))
    op.add_column("tags", sa.Column("name_key", sa.String(SORT_KEY_MAX, collation="C")))
    op.drop_index("idx_tasks_search", table_name="tasks", if_exists=True)
    op.drop_index("idx_tasks_user_title", table_name="tasks")
    op.drop_column("tasks", "search_text")
    op.add_column("tasks", sa.Column("title_key", sa.String(SORT_KEY_MAX, collation="C")))
    op.create_table(
        "task_search",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(collation="C"), nullable=False),
        sa.Column("description", sa.Text(collation="C"), nullable=False),
    )
    _fill_tasks()
    _fill_tags()
    _fill_users()
    op.alter_column("users", "email_key", nullable=False)
    op.alter_column("tags", "name_key", nullable=False)
    op.alter_column("tasks", "title_key", nullable=False)
    op.create_primary_key("pk_task_search", "task_search", ["user_id", "task_id"])
    op.create_foreign_key(
        "fk_task_search_tasks", "task_search", "tasks", ["user_id", "task_id"], ["user_id", "id"], ondelete="CASCADE"
    )
    op.create_index("idx_tasks_user_title", "tasks", ["user_id", "title_key", "id"])
    op.drop_index("idx_tags_user_id", table_name="tags")
    op.create_index("idx_tags_user_id", "tags", ["user_id", "name_key", "id"])
    op.drop_index("uq_users_email", table_name="users")
    op.create_index("uq_users_email", "users", ["email_key"], unique=True)
    op.execute("ALTER TABLE task_search ALTER COLUMN user_id SET (n_distinct = -0.0001)")


def downgrade() -> None:
    """Drop the columns and the search table, and restore the indexes on lower-case text."""
    op.drop_index("uq_users_email", table_name="users")
    op.create_index("uq_users_email", "users", [sa.text("lower(email)")], unique=True)
    op.drop_column("users", "email_key")
    op.drop_index("idx_tags_user_id", table_name="tags")
    op.drop_column("tags", "name_key")
    op.create_index("idx_tags_user_id", "tags", ["user_id", sa.text("lower(name)"), "name"])
    op.drop_table("task_search")
    op.drop_index("idx_tasks_user_title", table_name="tasks")
    op.drop_column("tasks", "title_key")
    op.add_column("tasks", sa.Column("search_text", sa.Text(), sa.Computed(SEARCH_TEXT, persisted=True)))
    op.create_index(
        "idx_tasks_user_title", "tasks", ["user_id", sa.text("lower(title)"), "id"], postgresql_include=["title"]
    )


def _fill_tasks() -> None:
    for rows in _batches("tasks", SELECT_TASKS, user_id=NIL, id=0):
        titles = [normalize(row.title) for row in rows]
        descriptions = [None if row.description is None else normalize(row.description) for row in rows]
        keys = {"user_id": [row.user_id for row in rows], "id": [row.id for row in rows]}
        _run(
            UPDATE_TASKS,
            **keys,
            title=titles,
            description=descriptions,
            title_key=[sort_key(title) for title in titles],
        )
        texts = [fold(description or "") for description in descriptions]
        _run(INSERT_SEARCH, **keys, title=[fold(title) for title in titles], text=texts)


def _fill_tags() -> None:
    for rows in _batches("tags", SELECT_TAGS, user_id=NIL, id=0):
        _run(
            UPDATE_TAGS,
            user_id=[row.user_id for row in rows],
            id=[row.id for row in rows],
            name_key=[sort_key(row.name) for row in rows],
        )
        for row in rows:
            if normalize(row.name) != row.name:
                _run(NORMALIZE_TAG, user_id=row.user_id, id=row.id, name=normalize(row.name))


def _fill_users() -> None:
    for rows in _batches("users", SELECT_USERS, id=NIL):
        _run(UPDATE_USERS, id=[row.id for row in rows], email_key=[fold(normalize(row.email)) for row in rows])
    if duplicates := op.get_bind().scalar(sa.text(SELECT_DUPLICATES)):
        raise MigrationError(
            f"{duplicates} are one e-mail address by Unicode's rules. Change or delete one of the accounts, then retry."
        )


def _batches(table: str, statement: str, **first: object) -> Iterator[Sequence[Any]]:
    """Yield all rows in batches, each from after the last key of the one before."""
    config = op.get_context().config
    assert config is not None
    progress = find_progress(config)
    if total := op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {table}")):  # noqa: S608 -- a constant
        progress.begin(table, total)
    last = first
    while rows := op.get_bind().execute(sa.text(statement), {**last, "batch": BATCH}).all():
        yield rows
        progress.advance(len(rows))
        last = {name: getattr(rows[-1], name) for name in first}


def _run(statement: str, **values: object) -> None:
    op.get_bind().execute(sa.text(statement), values)

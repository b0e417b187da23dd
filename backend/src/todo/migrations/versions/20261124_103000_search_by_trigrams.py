"""Add a search column with a trigram index, and an index for each sort order."""

import sqlalchemy as sa
from alembic import op

revision = "8d1c6f0e2b57"
down_revision = "3f3713427163"
branch_labels = None
depends_on = None

PRIORITY = "array_position(ARRAY['high', 'medium', 'low'], priority)"
ORDERS = [
    ("idx_tasks_user_priority", PRIORITY, "priority"),
    ("idx_tasks_user_due_date", "coalesce(due_date, 'infinity'::timestamptz)", "due_date"),
    ("idx_tasks_user_title", "lower(title)", "title"),
]
CREATE_EXTENSION = """
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_file THEN
    RAISE WARNING 'the extension pg_trgm is not available; searches of users with many tasks are slower without it';
END $$
"""
DROP_EXTENSION = """
DO $$ BEGIN
    DROP EXTENSION IF EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR dependent_objects_still_exist THEN
    RAISE NOTICE 'the extension pg_trgm was kept, because it has another owner or is in use';
END $$
"""
HAS_EXTENSION = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')"


def upgrade() -> None:
    """Add the search column, its index and the index on titles, and replace the indexes on priorities and due dates."""
    op.add_column(
        "tasks",
        sa.Column(
            "search_text",
            sa.Text(),
            sa.Computed(
                "lower((title::text || chr(31)) || (COALESCE(description, ''::character varying))::text)",
                persisted=True,
            ),
        ),
    )
    for name, key, column in ORDERS:
        op.drop_index(name, table_name="tasks", if_exists=True)
        op.create_index(name, "tasks", ["user_id", sa.text(key), "id"], postgresql_include=[column])
    op.execute(CREATE_EXTENSION)
    if op.get_bind().scalar(sa.text(HAS_EXTENSION)):
        op.create_index(
            "idx_tasks_search",
            "tasks",
            ["search_text"],
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
            postgresql_with={"gin_pending_list_limit": 1024},
        )


def downgrade() -> None:
    """Drop the search column and restore the earlier indexes."""
    op.drop_index("idx_tasks_search", table_name="tasks", if_exists=True)
    for name, _, _ in ORDERS:
        op.drop_index(name, table_name="tasks")
    op.create_index("idx_tasks_user_due_date", "tasks", ["user_id", "due_date", "id"])
    op.create_index("idx_tasks_user_priority", "tasks", ["user_id", sa.text(PRIORITY), "id"])
    op.drop_column("tasks", "search_text")
    op.execute(DROP_EXTENSION)

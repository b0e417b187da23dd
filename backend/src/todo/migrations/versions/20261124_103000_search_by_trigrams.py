"""Add a search column, and an index for each sort order.

The trigram index of earlier installations is not created any more; the revision e2a94c07d1b8 drops it (ADR 0008).
"""

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


def upgrade() -> None:
    """Add the search column and the index on titles, and replace the indexes on priorities and due dates."""
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


def downgrade() -> None:
    """Drop the search column and restore the earlier indexes."""
    op.drop_index("idx_tasks_search", table_name="tasks", if_exists=True)
    for name, _, _ in ORDERS:
        op.drop_index(name, table_name="tasks")
    op.create_index("idx_tasks_user_due_date", "tasks", ["user_id", "due_date", "id"])
    op.create_index("idx_tasks_user_priority", "tasks", ["user_id", sa.text(PRIORITY), "id"])
    op.drop_column("tasks", "search_text")

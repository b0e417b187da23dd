"""Let tasks have subtasks.

No row is rewritten: the new column is null. PostgreSQL validates the foreign key by reading the tasks once.
"""

import sqlalchemy as sa
from alembic import op

revision = "e8c1b64a9d37"
down_revision = "d52b8e07f9c3"
branch_labels = None
depends_on = None

PARENT_ID = "(before ->> 'parent_id')::bigint"
DELETED_SUBTASK = (
    "action = 'delete' AND before IS NOT NULL AND undone_by IS NULL AND NOT deleted_again "
    "AND type = 'task' AND (before ->> 'parent_id') IS NOT NULL"
)


def upgrade() -> None:
    """Add the parent of a task, and the index of deleted subtasks."""
    op.add_column("tasks", sa.Column("parent_id", sa.BigInteger()))
    op.create_foreign_key(
        "fk_tasks_parents", "tasks", "tasks", ["user_id", "parent_id"], ["user_id", "id"], ondelete="CASCADE"
    )
    op.create_index(
        "idx_tasks_user_parent",
        "tasks",
        ["user_id", "parent_id", "id"],
        postgresql_include=["completed"],
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "idx_changes_user_parent",
        "changes",
        ["user_id", sa.text(f"({PARENT_ID})")],
        postgresql_where=sa.text(DELETED_SUBTASK),
    )


def downgrade() -> None:
    """Drop the column. The subtasks stay, without their parents."""
    op.drop_index("idx_changes_user_parent", table_name="changes")
    op.drop_index("idx_tasks_user_parent", table_name="tasks")
    op.drop_constraint("fk_tasks_parents", "tasks")
    op.drop_column("tasks", "parent_id")

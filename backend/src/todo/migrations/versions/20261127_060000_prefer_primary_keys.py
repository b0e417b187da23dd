"""Let PostgreSQL prefer primary keys to other indexes of equal cost (ADR 0053).

The migration builds five indexes and validates four foreign keys in one transaction, which locks the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "b3d80c5e91f6"
down_revision = "e8c1b64a9d37"
branch_labels = None
depends_on = None

PRIMARY_KEYS = (
    ("pk_tasks", "tasks", ["user_id", "id"]),
    ("pk_tags", "tags", ["user_id", "id"]),
    ("pk_changes", "changes", ["user_id", "seq"]),
    ("idx_task_tag_link_task", "task_tag_link", ["user_id", "task_id", "tag_id"]),
)
FOREIGN_KEYS = (
    ("fk_task_search_tasks", "task_search", "tasks", "task_id"),
    ("fk_task_tag_link_tasks", "task_tag_link", "tasks", "task_id"),
    ("fk_task_tag_link_tags", "task_tag_link", "tags", "tag_id"),
    ("fk_tasks_parents", "tasks", "tasks", "parent_id"),
)


def upgrade() -> None:
    """Create the primary keys again, so that each is the newest index of its table."""
    for name, table, _, _ in FOREIGN_KEYS:
        op.drop_constraint(name, table, type_="foreignkey")
    for name, table, columns in PRIMARY_KEYS:
        op.drop_constraint(name, table, type_="primary")
        op.create_primary_key(name, table, columns)
    for name, table, referred, column in FOREIGN_KEYS:
        op.create_foreign_key(name, table, referred, ["user_id", column], ["user_id", "id"], ondelete="CASCADE")
    # The deletion of a task looks for subtasks, by this index and not by the primary key.
    op.drop_index("idx_tasks_user_parent", table_name="tasks")
    op.create_index(
        "idx_tasks_user_parent",
        "tasks",
        ["user_id", "parent_id", "id"],
        postgresql_include=["completed"],
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Change nothing. The primary keys and foreign keys have the same definitions in the version before."""

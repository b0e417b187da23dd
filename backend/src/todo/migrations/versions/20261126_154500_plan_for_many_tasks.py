"""Plan lists for users with 10,000 tasks (ADR 0008)."""

from alembic import op

revision = "5b90d2f7a6c3"
down_revision = "8d1c6f0e2b57"
branch_labels = None
depends_on = None

ANALYZE_TASKS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM tasks) THEN
        ANALYZE tasks;
    END IF;
END $$
"""
"""ANALYZE activates the setting. An empty table is not analyzed, so PostgreSQL assumes a default size."""


def upgrade() -> None:
    """Set the number of distinct users to one for every 10,000 tasks."""
    op.execute("ALTER TABLE tasks ALTER COLUMN user_id SET (n_distinct = -0.0001)")
    op.execute(ANALYZE_TASKS)


def downgrade() -> None:
    """Let ANALYZE estimate the number of distinct users again."""
    op.execute("ALTER TABLE tasks ALTER COLUMN user_id RESET (n_distinct)")
    op.execute(ANALYZE_TASKS)

"""Have lists planned for who has ten thousand tasks, whatever most people have (ADR 0034)."""

from alembic import op

revision = "5b90d2f7a6c3"
down_revision = "8d1c6f0e2b57"
branch_labels = None
depends_on = None

ANALYZE_WHAT_THERE_IS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM tasks) THEN
        ANALYZE tasks;
    END IF;
END $$
"""
"""ANALYZE takes the setting up. An empty table is left to be planned for as one of an unknown size."""


def upgrade() -> None:
    """Tell PostgreSQL to expect a user for every 10,000 tasks."""
    op.execute("ALTER TABLE tasks ALTER COLUMN user_id SET (n_distinct = -0.0001)")
    op.execute(ANALYZE_WHAT_THERE_IS)


def downgrade() -> None:
    """Have it find out by itself again."""
    op.execute("ALTER TABLE tasks ALTER COLUMN user_id RESET (n_distinct)")
    op.execute(ANALYZE_WHAT_THERE_IS)

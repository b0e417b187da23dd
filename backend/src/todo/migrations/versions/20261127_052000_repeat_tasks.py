"""Add the basis and the start of recurrence, and the occurrences of repeating tasks.

No row is rewritten: the new columns are null or have a constant default. PostgreSQL reads the tasks once to check the
new constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "c5a70e92d314"
down_revision = "b8e1f40c7d26"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("tasks", sa.Column("recurrence_basis", sa.Text(), server_default="due", nullable=False))
    op.add_column("tasks", sa.Column("recurrence_start", sa.String(26)))
    op.create_check_constraint(op.f("ck_tasks_recurrence_basis"), "tasks", "recurrence_basis IN ('due', 'completion')")
    op.create_table(
        "task_occurrences",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_day", sa.Date()),
        sa.Column("due_date", sa.DateTime(timezone=True)),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("place", sa.String(26), nullable=False),
        sa.Column("next_place", sa.String(26)),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("(due_day IS NULL) <> (due_date IS NULL)", name=op.f("ck_task_occurrences_due")),
        sa.CheckConstraint("status IN ('completed', 'skipped')", name=op.f("ck_task_occurrences_status")),
        sa.CheckConstraint(
            "(status = 'completed') = (completed_at IS NOT NULL)", name=op.f("ck_task_occurrences_completed_at")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_task_occurrences_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "task_id", "number", name=op.f("pk_task_occurrences")),
    )


def downgrade() -> None:
    """Drop the table and the columns. The occurrences are lost; tasks stay due at their next date."""
    op.drop_table("task_occurrences")
    op.drop_constraint(op.f("ck_tasks_recurrence_basis"), "tasks")
    op.drop_column("tasks", "recurrence_start")
    op.drop_column("tasks", "recurrence_basis")

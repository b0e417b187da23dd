"""Add days, time zones, start, deadline and estimate of tasks, and the time zone of accounts.

No row is rewritten: the new columns are null or have a constant default. PostgreSQL builds the index of due dates anew
and reads the tables once to check the new constraints. A stored due date at midnight in UTC stays an instant.
"""

import sqlalchemy as sa
from alembic import op

revision = "b8e1f40c7d26"
down_revision = "9a4d27e6b3f1"
branch_labels = None
depends_on = None

DUE_KEY = "coalesce(coalesce(due_date, timezone('UTC', due_day + '23:59:59.999999'::time)), 'infinity'::timestamptz)"
CHECKS = {
    "due_day": "due_day IS NULL OR due_date IS NULL",
    "due_time_zone": "due_time_zone IS NULL OR due_date IS NOT NULL",
    "estimated_minutes": "estimated_minutes BETWEEN 1 AND 100000",
    "completed_at": "completed_at IS NULL OR completed",
}


def upgrade() -> None:
    """Add the columns of tasks and users, and sort the index of due dates by days too."""
    op.add_column("tasks", sa.Column("due_day", sa.Date()))
    op.add_column("tasks", sa.Column("due_time_zone", sa.String(64)))
    op.add_column("tasks", sa.Column("start_day", sa.Date()))
    op.add_column("tasks", sa.Column("deadline_day", sa.Date()))
    op.add_column("tasks", sa.Column("estimated_minutes", sa.Integer()))
    op.add_column("tasks", sa.Column("completed_at", sa.DateTime(timezone=True)))
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_tasks_{name}"), "tasks", condition)
    op.drop_index("idx_tasks_user_due_date", table_name="tasks")
    op.create_index(
        "idx_tasks_user_due_date",
        "tasks",
        ["user_id", sa.text(DUE_KEY), "id"],
        postgresql_include=["due_date", "due_day"],
    )
    op.add_column("users", sa.Column("time_zone", sa.String(64), server_default="UTC", nullable=False))
    op.add_column("users", sa.Column("week_start", sa.Text(), server_default="monday", nullable=False))
    op.create_check_constraint(op.f("ck_users_week_start"), "users", "week_start IN ('monday', 'sunday', 'saturday')")


def downgrade() -> None:
    """Drop the columns. Tasks that are due on a day are no longer due."""
    op.drop_column("users", "week_start")
    op.drop_column("users", "time_zone")
    op.drop_index("idx_tasks_user_due_date", table_name="tasks")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_tasks_{name}"), "tasks")
    for column in ("completed_at", "estimated_minutes", "deadline_day", "start_day", "due_time_zone", "due_day"):
        op.drop_column("tasks", column)
    op.create_index(
        "idx_tasks_user_due_date",
        "tasks",
        ["user_id", sa.text("coalesce(due_date, 'infinity'::timestamptz)"), "id"],
        postgresql_include=["due_date"],
    )

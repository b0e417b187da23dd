"""Create users, tasks, tags and the links between tasks and tags."""

import sqlalchemy as sa
from alembic import op

revision = "c4af7e448918"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the four tables, their constraints and their indexes."""
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("email LIKE '%_@_%'", name=op.f("ck_users_email")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index("uq_users_email", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "tags",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("color", sa.Text(), nullable=True),
        sa.CheckConstraint("color ~ '^#[0-9A-Fa-f]{6}$'", name=op.f("ck_tags_color")),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_tags_name")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tags_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_tags")),
        sa.UniqueConstraint("user_id", "name", name="uq_tags_user_id_name"),
    )
    op.create_index("idx_tags_user_id", "tags", ["user_id", sa.literal_column("lower(name)"), "name"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.String(length=1000), nullable=True),
        sa.Column("completed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("priority", sa.Text(), server_default="medium", nullable=False),
        sa.Column("due_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recurrence_rule", sa.String(length=500), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("priority IN ('low', 'medium', 'high')", name=op.f("ck_tasks_priority")),
        sa.CheckConstraint("recurrence_rule <> ''", name=op.f("ck_tasks_recurrence_rule")),
        sa.CheckConstraint("title ~ '\\S'", name=op.f("ck_tasks_title")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tasks_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_tasks")),
    )
    op.create_index("idx_tasks_user_completed", "tasks", ["user_id", "completed", "created_at", "id"], unique=False)
    op.create_index("idx_tasks_user_due_date", "tasks", ["user_id", "due_date", "id"], unique=False)
    op.create_index("idx_tasks_user_id", "tasks", ["user_id", "created_at", "id"], unique=False)
    op.create_index(
        "idx_tasks_user_priority",
        "tasks",
        [
            "user_id",
            sa.literal_column("array_position(ARRAY['high', 'medium', 'low'], priority)"),
            "id",
        ],
        unique=False,
    )
    op.create_table(
        "task_tag_link",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("tag_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "tag_id"],
            ["tags.user_id", "tags.id"],
            name="fk_task_tag_link_tags",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "task_id"],
            ["tasks.user_id", "tasks.id"],
            name="fk_task_tag_link_tasks",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "task_id", "tag_id", name="idx_task_tag_link_task"),
    )
    op.create_index("idx_task_tag_link_tag", "task_tag_link", ["user_id", "tag_id", "task_id"], unique=False)


def downgrade() -> None:
    """Drop the four tables."""
    op.drop_index("idx_task_tag_link_tag", table_name="task_tag_link")
    op.drop_table("task_tag_link")
    op.drop_index("idx_tasks_user_priority", table_name="tasks")
    op.drop_index("idx_tasks_user_id", table_name="tasks")
    op.drop_index("idx_tasks_user_due_date", table_name="tasks")
    op.drop_index("idx_tasks_user_completed", table_name="tasks")
    op.drop_table("tasks")
    op.drop_index("idx_tags_user_id", table_name="tags")
    op.drop_table("tags")
    op.drop_index("uq_users_email", table_name="users")
    op.drop_table("users")

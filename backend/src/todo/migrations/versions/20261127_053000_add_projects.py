"""Add projects, sections, the project and the section of a task, and positions.

No row is rewritten: the new columns are null or have a constant default. PostgreSQL builds the indexes of lists anew,
which then know the tasks of archived projects.
"""

import sqlalchemy as sa
from alembic import op

revision = "c4f7a1926e5b"
down_revision = "c5a70e92d314"
branch_labels = None
depends_on = None

DUE_KEY = "coalesce(coalesce(due_date, timezone('UTC', due_day + '23:59:59.999999'::time)), 'infinity'::timestamptz)"
PRIORITY_RANK = "array_position(ARRAY['high', 'medium', 'low'], priority)"
PARTIAL: dict[str, list[str]] = {
    "idx_tasks_user_id": ["user_id", "created_at", "id"],
    "idx_tasks_user_completed": ["user_id", "completed", "created_at", "id"],
    "idx_tasks_user_title": ["user_id", "title_key", "id"],
}
"""Indexes of lists that leave out archived tasks."""
INCLUDING: dict[str, tuple[str, list[str]]] = {
    "idx_tasks_user_priority": (PRIORITY_RANK, ["priority"]),
    "idx_tasks_user_due_date": (DUE_KEY, ["due_date", "due_day"]),
}
"""Indexes of lists that include whether a task is archived, because PostgreSQL needs the statistics of their keys."""


def upgrade() -> None:
    """Create the table, add the columns of tasks, and leave archived tasks out of the indexes of lists."""
    op.create_table(
        "projects",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("color", sa.Text()),
        sa.Column("archived", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("position", sa.String(60, collation="C")),
        sa.Column("external_id", sa.String(200)),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_projects_name")),
        sa.CheckConstraint("color ~ '^#[0-9A-Fa-f]{6}$'", name=op.f("ck_projects_color")),
        sa.CheckConstraint("external_id <> ''", name=op.f("ck_projects_external_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_projects_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_projects")),
    )
    op.create_index(
        "uq_projects_user_id_external_id",
        "projects",
        ["user_id", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.create_table(
        "sections",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("position", sa.String(60, collation="C")),
        sa.Column("external_id", sa.String(200)),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_sections_name")),
        sa.CheckConstraint("external_id <> ''", name=op.f("ck_sections_external_id")),
        sa.ForeignKeyConstraint(
            ["user_id", "project_id"],
            ["projects.user_id", "projects.id"],
            name="fk_sections_projects",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("user_id", "project_id", "id", name=op.f("uq_sections_user_id_project_id_id")),
    )
    # After the unique constraint, so that lookups by id prefer it (ADR 0053).
    op.create_primary_key(op.f("pk_sections"), "sections", ["user_id", "id"])
    op.create_index(
        "uq_sections_user_id_external_id",
        "sections",
        ["user_id", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.add_column("tasks", sa.Column("project_id", sa.BigInteger()))
    op.add_column("tasks", sa.Column("section_id", sa.BigInteger()))
    op.add_column("tasks", sa.Column("position", sa.String(60, collation="C")))
    op.add_column("tasks", sa.Column("archived", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_check_constraint(op.f("ck_tasks_archived"), "tasks", "project_id IS NOT NULL OR NOT archived")
    op.create_check_constraint(op.f("ck_tasks_section_id"), "tasks", "section_id IS NULL OR project_id IS NOT NULL")
    op.create_foreign_key(
        "fk_tasks_projects", "tasks", "projects", ["user_id", "project_id"], ["user_id", "id"], ondelete="CASCADE"
    )
    op.create_foreign_key(
        "fk_tasks_sections",
        "tasks",
        "sections",
        ["user_id", "project_id", "section_id"],
        ["user_id", "project_id", "id"],
        ondelete="CASCADE",
    )
    op.create_index(
        "idx_tasks_user_project",
        "tasks",
        ["user_id", "project_id", "section_id", "id"],
        postgresql_where=sa.text("project_id IS NOT NULL"),
    )
    _create_list_indexes(condition=sa.text("NOT archived"), included=["archived"])


def downgrade() -> None:
    """Drop the projects and sections. Their tasks stay, without a project and an order of their own."""
    _create_list_indexes(condition=None, included=[])
    op.drop_index("idx_tasks_user_project", table_name="tasks")
    op.drop_constraint("fk_tasks_sections", "tasks")
    op.drop_constraint("fk_tasks_projects", "tasks")
    op.drop_constraint(op.f("ck_tasks_section_id"), "tasks")
    op.drop_constraint(op.f("ck_tasks_archived"), "tasks")
    for column in ("archived", "position", "section_id", "project_id"):
        op.drop_column("tasks", column)
    op.drop_table("sections")
    op.drop_table("projects")


def _create_list_indexes(*, condition: sa.TextClause | None, included: list[str]) -> None:
    for name in (*PARTIAL, *INCLUDING):
        op.drop_index(name, table_name="tasks")
    for name, columns in PARTIAL.items():
        op.create_index(name, "tasks", columns, postgresql_where=condition)
    for name, (key, columns) in INCLUDING.items():
        op.create_index(name, "tasks", ["user_id", sa.text(key), "id"], postgresql_include=[*columns, *included])

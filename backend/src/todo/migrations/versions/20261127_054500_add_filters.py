"""Add saved filters."""

import sqlalchemy as sa
from alembic import op

revision = "d52b8e07f9c3"
down_revision = "c4f7a1926e5b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "filters",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("query", sa.String(1000), nullable=False),
        sa.Column("color", sa.Text()),
        sa.Column("position", sa.String(60, collation="C")),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("name ~ '\\S'", name=op.f("ck_filters_name")),
        sa.CheckConstraint("query ~ '\\S'", name=op.f("ck_filters_query")),
        sa.CheckConstraint("color ~ '^#[0-9A-Fa-f]{6}$'", name=op.f("ck_filters_color")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_filters_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id", name=op.f("pk_filters")),
    )


def downgrade() -> None:
    """Drop the table. The saved filters are lost."""
    op.drop_table("filters")

"""Add the time when a user was disabled, and invitations."""

import sqlalchemy as sa
from alembic import op

revision = "a46d1f3c8b27"
down_revision = "e2a94c07d1b8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column with its index, and create the table."""
    op.add_column("users", sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "idx_users_disabled_at", "users", ["disabled_at"], postgresql_where=sa.text("disabled_at IS NOT NULL")
    )
    op.create_table(
        "invitations",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_invitations")),
    )
    op.create_index("idx_invitations_expires_at", "invitations", ["expires_at"])


def downgrade() -> None:
    """Drop the table and the column. Disabled users are enabled, and invitations are lost."""
    op.drop_index("idx_invitations_expires_at", table_name="invitations")
    op.drop_table("invitations")
    op.drop_index("idx_users_disabled_at", table_name="users", postgresql_where=sa.text("disabled_at IS NOT NULL"))
    op.drop_column("users", "disabled_at")

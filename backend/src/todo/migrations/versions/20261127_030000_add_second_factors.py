"""Add second factors and recovery codes."""

import sqlalchemy as sa
from alembic import op

revision = "7c3e91d5f0a4"
down_revision = "a46d1f3c8b27"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the two tables and the column of users; no row is rewritten."""
    op.add_column("users", sa.Column("totp_enabled", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_table(
        "totp_factors",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_totp_factors_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_totp_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["totp_factors.user_id"], name="fk_recovery_codes_totp_factors", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("pk_recovery_codes")),
    )


def downgrade() -> None:
    """Drop the tables and the column. All second factors are lost."""
    op.drop_table("recovery_codes")
    op.drop_table("totp_factors")
    op.drop_column("users", "totp_enabled")

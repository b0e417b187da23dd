"""Add the mail queue, password resets, and addresses that wait for confirmation (ADR 0047)."""

import sqlalchemy as sa
from alembic import op

revision = "7c35e1b0a9d4"
down_revision = "a46d1f3c8b27"
branch_labels = None
depends_on = None

KINDS = "kind IN ('password_reset', 'email_change', 'email_change_asked', 'email_changed')"
HAS_PENDING_EMAIL = sa.text("pending_email_expires_at IS NOT NULL")


def upgrade() -> None:
    """Create the three tables and add the three columns."""
    op.create_table(
        "mail_queue",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_mail_queue_kind")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_mail_queue_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "kind", "recipient", name=op.f("pk_mail_queue")),
    )
    op.create_index("idx_mail_queue_next_attempt_at", "mail_queue", ["next_attempt_at"], unique=False)
    op.create_table(
        "password_reset_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email_key", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_reset_requests")),
    )
    op.create_index("idx_password_reset_requests_created_at", "password_reset_requests", ["created_at"], unique=False)
    op.create_table(
        "password_resets",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_password_resets_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "token_hash", name=op.f("pk_password_resets")),
    )
    op.create_index("idx_password_resets_expires_at", "password_resets", ["expires_at"], unique=False)
    op.add_column("users", sa.Column("pending_email", sa.String(length=320), nullable=True))
    op.add_column("users", sa.Column("pending_email_token_hash", sa.LargeBinary(), nullable=True))
    op.add_column("users", sa.Column("pending_email_expires_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_users_pending_email"), "users", "(pending_email IS NULL) = (pending_email_expires_at IS NULL)"
    )
    op.create_index(
        "idx_users_pending_email_expires_at",
        "users",
        ["pending_email_expires_at"],
        unique=False,
        postgresql_where=HAS_PENDING_EMAIL,
    )


def downgrade() -> None:
    """Drop the tables and columns. Mails that wait are lost, and links in mails stop working."""
    op.drop_index("idx_users_pending_email_expires_at", table_name="users", postgresql_where=HAS_PENDING_EMAIL)
    op.drop_constraint(op.f("ck_users_pending_email"), "users", type_="check")
    op.drop_column("users", "pending_email_expires_at")
    op.drop_column("users", "pending_email_token_hash")
    op.drop_column("users", "pending_email")
    op.drop_table("password_resets")
    op.drop_table("password_reset_requests")
    op.drop_table("mail_queue")

"""Add the change log: clocks, changes and the epoch of the database."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "9a4d27e6b3f1"
down_revision = "7c3e91d5f0a4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of the change log; no row is rewritten, because a full sync returns the existing rows."""
    op.create_table(
        "change_clocks",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("swept_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_change_clocks_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_change_clocks")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "changes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger()),
        sa.Column("before", postgresql.JSONB()),
        sa.Column("after", postgresql.JSONB()),
        sa.Column("login_session_id", sa.Uuid()),
        sa.Column("access_token_id", sa.BigInteger()),
        sa.Column("request_id", sa.String(64)),
        sa.Column("undoes", sa.BigInteger()),
        sa.Column("undone_by", sa.BigInteger()),
        sa.Column("deleted_again", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_changes_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "seq", name=op.f("pk_changes")),
    )
    op.create_index("idx_changes_user_type_id", "changes", ["user_id", "type", "id", "seq"])
    in_trash = sa.text("action = 'delete' AND before IS NOT NULL AND undone_by IS NULL AND NOT deleted_again")
    op.create_index("idx_changes_user_trash", "changes", ["user_id", "seq"], postgresql_where=in_trash)
    op.create_index("idx_changes_trash_at", "changes", ["at"], postgresql_where=in_trash)
    op.create_index("idx_changes_at", "changes", ["at"])
    op.create_table(
        "deployment",
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_deployment")),
    )
    op.execute("INSERT INTO deployment (epoch) VALUES (gen_random_uuid())")
    op.add_column("idempotency_keys", sa.Column("change_seq", sa.BigInteger()))


def downgrade() -> None:
    """Drop the tables and the column. The history and the trash are lost."""
    op.drop_column("idempotency_keys", "change_seq")
    op.drop_table("deployment")
    op.drop_table("changes")
    op.drop_table("change_clocks")

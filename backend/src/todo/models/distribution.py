"""How Citus stores each table (ADR 0061): by user on the workers, on all nodes, or on the coordinator."""

from sqlalchemy import Table

from todo.models.base import Base

DISTRIBUTION_COLUMN = "user_id"
FIRST_DISTRIBUTED = "tasks"
"""The table whose shards the other distributed tables lie beside."""
REFERENCE_TABLES = frozenset({"users", "access_tokens", "deployment"})
"""Tables of which each node has a copy. Statements on the rows of one user join them, or find the user in them."""
LOCAL_TABLES = frozenset(
    {"invitations", "mail_queue", "password_reset_requests", "password_resets", "recovery_codes", "totp_factors"}
)
"""Small tables on the coordinator alone. Workers of all users read them, or they belong to no user."""


def distributed_tables() -> list[Table]:
    """Return the tables whose rows lie on the node of their user; each comes after the tables that it refers to."""
    tables = [table for table in Base.metadata.sorted_tables if table.name not in REFERENCE_TABLES | LOCAL_TABLES]
    return sorted(tables, key=lambda table: table.name != FIRST_DISTRIBUTED)


def reference_tables() -> list[Table]:
    """Return the tables of which each node has a copy; each comes after the tables that it refers to."""
    return [table for table in Base.metadata.sorted_tables if table.name in REFERENCE_TABLES]

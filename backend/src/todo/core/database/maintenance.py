"""Long transactions that change the schema or all rows: migrations and restores."""

from sqlalchemy import Connection, text

MIGRATION_LOCK_ID = 5_406_121
"""The advisory lock that prevents concurrent migrations and restores of a database."""
LOCK_TIMEOUT = "10s"
TIMEOUTS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
"""The timeouts of a role or a server. The last one exists from PostgreSQL 17 on."""
REMOVE_TIMEOUTS = text(
    "SELECT set_config(name, '0', true) FROM pg_settings WHERE name = ANY (CAST(:names AS text[]))"
).bindparams(names=list(TIMEOUTS))
IN_USE = (
    "the database is in use: a table stayed locked for ten seconds, and the database is unchanged. "
    "Stop the services and the other programs that use the database, then retry"
)


def prepare_maintenance(connection: Connection) -> None:
    """Prepare the current transaction: remove its timeouts, wait for other migrations, and limit waits for tables."""
    # A role can have timeouts that fit the statements of the service and are too short for a migration.
    connection.execute(REMOVE_TIMEOUTS)
    connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK_ID})"))
    # A migration that waits for a busy table would make all later statements on it wait too.
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))

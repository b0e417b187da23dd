"""The state of a database, for `todo doctor`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from todo.core.database.session import Session
from todo.core.database.statement import Statement

SELECT_SERVER = Statement(
    text("""
        SELECT current_setting('server_version_num')::int AS version,
            current_setting('server_encoding') AS encoding,
            current_setting('max_connections')::int AS max_connections,
            pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS is_read_only,
            pg_database_size(current_database()) AS size,
            clock_timestamp() AS now
    """)
)
SELECT_TABLES = Statement(
    text("""
        SELECT relname AS name, pg_total_relation_size(oid) AS size FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY size DESC, name LIMIT 3
    """)
)


SELECT_LOG = Statement(
    text("""
        SELECT greatest(reltuples, 0)::bigint AS log_rows, pg_total_relation_size(oid) AS log_size
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = 'changes'
    """)
)


@dataclass(frozen=True)
class Diagnosis:
    """The state of a database.

    Attributes:
        version: the number of the PostgreSQL version, such as 180001.
        encoding: the encoding of the database.
        max_connections: how many connections the server accepts.
        is_read_only: whether the server accepts no writes, for example as a standby.
        size: the bytes of the database.
        tables: the largest tables, each with its bytes and those of its indexes.
        now: the clock of the server.
        log_rows: about how many changes the change log has.
        log_size: the bytes of the change log.
    """

    version: int
    encoding: str
    max_connections: int
    is_read_only: bool
    size: int
    tables: tuple[tuple[str, int], ...]
    now: datetime
    log_rows: int
    log_size: int


async def diagnose(session: Session) -> Diagnosis:
    """Read the state of a database."""
    row = await session.fetch_one(SELECT_SERVER)
    assert row is not None
    tables = tuple((table["name"], table["size"]) for table in await session.fetch_all(SELECT_TABLES))
    log = await session.fetch_one(SELECT_LOG)
    return Diagnosis(**row, tables=tables, **(log or {"log_rows": 0, "log_size": 0}))

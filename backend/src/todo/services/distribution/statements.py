"""Statements on the distribution, and the SQL that distributes the tables."""

from sqlalchemy import ForeignKeyConstraint, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import AddConstraint, DDLElement, DropConstraint

from todo.core.database.statement import Statement
from todo.models import Base
from todo.models.distribution import (
    DISTRIBUTION_COLUMN,
    FIRST_DISTRIBUTED,
    distributed_tables,
    reference_tables,
)

SELECT_CITUS = Statement(text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AS has_citus"))
SELECT_FIRST_USER = Statement(text("SELECT id FROM users LIMIT 1"))
SEQUENTIAL = "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'"
"""Lets a transaction create shards and foreign keys between them."""
SHARD_SETTINGS = tuple(
    f"SELECT run_command_on_shards('{table}', 'ALTER TABLE %s ALTER COLUMN user_id SET (n_distinct = -0.0001)')"
    for table in ("tasks", "task_search")
)
"""Citus does not copy these settings of a column to its shards. They run outside of the transaction."""


def select_cluster() -> Statement:
    """Return the statement that reads tables of Citus, which a server without Citus does not have."""
    return Statement(
        text("""
            SELECT (SELECT count(*) FROM pg_dist_node WHERE isactive AND shouldhaveshards) AS nodes,
                EXISTS (SELECT FROM pg_dist_node WHERE groupid = 0) AS has_coordinator,
                ARRAY(SELECT logicalrelid::text FROM pg_dist_partition WHERE partmethod = 'h') AS distributed,
                ARRAY(SELECT logicalrelid::text FROM pg_dist_partition WHERE partmethod = 'n' AND repmodel = 't')
                    AS reference,
                (SELECT count(*) FROM pg_dist_shard WHERE logicalrelid::text = :first) AS shards
        """)
    )


def distribution_sql() -> list[str]:
    """Return the statements that distribute the tables of an empty database, in one transaction.

    A table cannot be distributed while a foreign key connects it with a table that is not. SQLAlchemy would otherwise
    leave the keys out of `create_all` from then on, so they are not isolated from their tables.
    """
    keys = [key for table in Base.metadata.sorted_tables for key in _foreign_keys(table)]
    return [
        SEQUENTIAL,
        *(_sql(DropConstraint(key)) for key in reversed(keys)),
        *(f"SELECT create_reference_table('{table.name}')" for table in reference_tables()),
        *(_distribute(table) for table in distributed_tables()),
        *(_sql(AddConstraint(key, isolate_from_table=False)) for key in keys),
    ]


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=lambda key: str(key.name))


def _distribute(table: Table) -> str:
    beside = "" if table.name == FIRST_DISTRIBUTED else f", colocate_with => '{FIRST_DISTRIBUTED}'"
    return f"SELECT create_distributed_table('{table.name}', '{DISTRIBUTION_COLUMN}'{beside})"


def _sql(element: DDLElement) -> str:
    return str(element.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's gap

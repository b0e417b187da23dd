"""New tables of migrations on a database that Citus distributes (ADR 0061)."""

from alembic import op
from sqlalchemy import TextClause, text

from todo.models.distribution import DISTRIBUTION_COLUMN, FIRST_DISTRIBUTED

HAS_CITUS = text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
IS_DISTRIBUTED = text("SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid::text = :name)")
SELECT_FOREIGN_KEYS = text("""
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = CAST(:name AS regclass) AND contype = 'f' ORDER BY conname
""")
SEQUENTIAL = text("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")


def distribute_table(name: str) -> None:
    """Distribute a new table by user, beside the tasks, if the database is distributed.

    A migration calls this function after `op.create_table`, before the table has rows.
    """
    distribute = text("SELECT create_distributed_table(:name, :column, colocate_with => :beside)")
    _convert(name, distribute.bindparams(column=DISTRIBUTION_COLUMN, beside=FIRST_DISTRIBUTED))


def copy_table_to_nodes(name: str) -> None:
    """Make a new table a reference table, of which each node has a copy, if the database is distributed."""
    _convert(name, text("SELECT create_reference_table(:name)"))


def _convert(name: str, statement: TextClause) -> None:
    """Run the statement without the foreign keys of the table, because Citus converts no table that has them."""
    connection = op.get_bind()
    if not connection.execute(HAS_CITUS).scalar():
        return
    if not connection.execute(IS_DISTRIBUTED, {"name": FIRST_DISTRIBUTED}).scalar():
        return
    connection.execute(SEQUENTIAL)
    keys = connection.execute(SELECT_FOREIGN_KEYS, {"name": name}).all()
    for key, _ in keys:
        op.execute(f"ALTER TABLE {name} DROP CONSTRAINT {key}")
    connection.execute(statement, {"name": name})
    for key, definition in keys:
        op.execute(f"ALTER TABLE {name} ADD CONSTRAINT {key} {definition}")

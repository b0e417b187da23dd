"""The distribution of the tables: what Citus has, and the command that distributes them."""

from dataclasses import dataclass

from sqlalchemy import text

from todo.core.database.session import Session
from todo.core.database.statement import Statement
from todo.models.distribution import FIRST_DISTRIBUTED, distributed_tables, reference_tables
from todo.services.distribution import statements
from todo.services.distribution.errors import CannotDistributeError


@dataclass(frozen=True)
class Cluster:
    """The nodes of a Citus cluster, and how it stores the tables.

    Attributes:
        nodes: how many nodes have shards.
        has_coordinator: whether the coordinator is one of the nodes, with copies of the reference tables.
        distributed: the tables that are distributed.
        reference: the tables of which each node has a copy.
        shards: into how many shards the tasks are distributed.
    """

    nodes: int
    has_coordinator: bool
    distributed: frozenset[str]
    reference: frozenset[str]
    shards: int

    @property
    def is_distributed(self) -> bool:
        """Whether a table is distributed."""
        return FIRST_DISTRIBUTED in self.distributed

    @property
    def missing(self) -> list[str]:
        """The tables that are neither distributed nor copied to each node, as the service needs them."""
        distributed = {table.name for table in distributed_tables()}
        reference = {table.name for table in reference_tables()}
        return sorted((distributed - self.distributed) | (reference - self.reference))


async def has_citus(session: Session) -> bool:
    """Return whether the database has the extension Citus."""
    row = await session.fetch_one(statements.SELECT_CITUS)
    return row is not None and row["has_citus"]


async def read_cluster(session: Session) -> Cluster | None:
    """Return the cluster, or None if the database does not have the extension Citus."""
    if not await has_citus(session):
        return None
    row = await session.fetch_one(statements.select_cluster(), first=FIRST_DISTRIBUTED)
    assert row is not None
    return Cluster(
        nodes=row["nodes"],
        has_coordinator=row["has_coordinator"],
        distributed=frozenset(row["distributed"]),
        reference=frozenset(row["reference"]),
        shards=row["shards"],
    )


async def distribute(session: Session) -> Cluster:
    """Distribute the tables of an empty database over the nodes of its cluster, in one transaction (CIT-001).

    The settings of the shards follow after the commit. A second call repeats them alone.

    Raises:
        CannotDistributeError: the database does not have the extension Citus, the cluster is not complete, or the
            database has users.
    """
    cluster = await read_cluster(session)
    _check(cluster)
    assert cluster is not None
    if not cluster.is_distributed:
        if await session.fetch_one(statements.SELECT_FIRST_USER) is not None:
            raise CannotDistributeError(
                "The database has users. Only an empty database can be distributed: create one, run todo migrate up "
                "and todo distribute there, and restore a backup into it"
            )
        async with session.transaction() as transaction:
            for sql in statements.distribution_sql():
                await transaction.fetch_all(Statement(text(sql)))
    for sql in statements.SHARD_SETTINGS:
        await session.fetch_all(Statement(text(sql)))
    distributed = await read_cluster(session)
    assert distributed is not None
    return distributed


def _check(cluster: Cluster | None) -> None:
    if cluster is None:
        raise CannotDistributeError(
            "The database does not have the extension citus, so its tables stay on one server. "
            "For a Citus cluster, run CREATE EXTENSION citus in the database on every node"
        )
    if not cluster.has_coordinator:
        raise CannotDistributeError(
            "The coordinator is not one of the nodes. Run in the database: "
            "SELECT citus_set_coordinator_host('host', 5432)"
        )
    if not cluster.nodes:
        raise CannotDistributeError(
            "The cluster has no node for shards. Add each worker with: SELECT citus_add_node('host', 5432)"
        )

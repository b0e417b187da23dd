"""`todo distribute`: distributes the tables of an empty database over the nodes of a Citus cluster."""

import argparse

from todo.cli.database import UsageError, print_status, reject_newer, reject_pending, run_in_session
from todo.core.config import load_settings
from todo.services.distribution.errors import CannotDistributeError
from todo.services.distribution.service import distribute
from todo.services.distribution.statements import SHARD_SETTINGS, distribution_sql


def distribute_tables(options: argparse.Namespace) -> None:
    """Distribute the tables of DATABASE_URL by user, or print the SQL.

    Raises:
        UsageError: the database is not an empty one of a Citus cluster, or migrations are pending.
    """
    if options.print:
        for sql in ("BEGIN", *distribution_sql(), "COMMIT", *SHARD_SETTINGS):
            print(f"{sql};")
        return
    settings = load_settings()
    if settings.database_url is None:
        raise UsageError(
            "The embedded PostgreSQL is one server. Set DATABASE_URL to a database on the coordinator of a Citus "
            "cluster."
        )
    reject_newer(settings.database_url)
    reject_pending(settings.database_url)
    try:
        cluster = run_in_session(settings, settings.database_url, distribute)
    except CannotDistributeError as error:
        raise UsageError(f"{error}.") from error
    print_status(
        f"{len(cluster.distributed)} tables are distributed by user into {cluster.shards} shards on "
        f"{cluster.nodes} node(s), and {len(cluster.reference)} tables are on every node"
    )

"""Checks of the database, Redis and the mail server."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import redis
from redis.exceptions import RedisError

from todo.cli.database import CLUSTER, UsageError, open_database_for_migration, read_status, run_in_session
from todo.cli.doctor.finding import Finding, ok, problem, warning
from todo.core.clock import utc_now
from todo.core.config import Settings
from todo.core.database import notifications
from todo.core.database.schema_status import SchemaStatus
from todo.core.mail.addresses import read_sender
from todo.core.mail.sender import MailNotSentError, MailSender
from todo.core.mail.smtp_url import read_smtp_url
from todo.core.postgres.process import EmbeddedPostgresError
from todo.services.diagnosis import Diagnosis, diagnose
from todo.services.distribution.service import Cluster, read_cluster

VERSION_MIN = 150_000
"""PostgreSQL 15."""
SKEW_MAX = timedelta(seconds=5)
REDIS_SECONDS = 5
MIB = 2**20


def check_database(settings: Settings) -> Iterator[Finding]:
    """Find what keeps the database from working. An embedded one that does not exist is not created."""
    name = "database"
    if settings.database_url is None and not (settings.data_dir / CLUSTER).is_dir():
        yield ok(name, "The embedded database does not exist yet. `todo serve` creates it")
        return
    try:
        with open_database_for_migration(settings) as url:
            status = read_status(url)
            diagnosis = run_in_session(settings, url, diagnose)
            cluster = run_in_session(settings, url, read_cluster)
    except (UsageError, EmbeddedPostgresError) as error:
        yield problem(name, str(error), "The message names the remedy.")
        return
    yield from _judge_schema(status)
    yield from _judge_server(settings, diagnosis)
    yield _judge_distribution(cluster)


def check_redis(settings: Settings) -> Iterator[Finding]:
    """Find out whether Redis responds, if RATE_LIMIT_STORAGE_URI names one."""
    name, uri = "rate limits", settings.rate_limit_storage_uri
    if not uri.startswith("redis"):
        if settings.workers > 1 and settings.rate_limit_enabled:
            yield warning(
                name,
                f"Each of the {settings.workers} workers counts attempts by itself",
                "Set RATE_LIMIT_STORAGE_URI=redis://host:6379/0.",
            )
        else:
            yield ok(name, "Attempts are counted in memory")
        return
    try:
        with redis.Redis.from_url(
            uri, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        ) as connection:
            connection.ping()
    except (RedisError, OSError) as error:
        remedy = "Check RATE_LIMIT_STORAGE_URI. Until Redis responds, each process counts in memory."
        yield problem(name, f"Redis does not respond: {error}", remedy)
    else:
        yield ok(name, "Redis responds")


def check_mail(settings: Settings) -> Iterator[Finding]:
    """Find out whether the mail server accepts a connection and the password. No mail is sent."""
    name = "mail"
    if settings.smtp_url is None or settings.mail_from is None:
        yield ok(name, "No mail server is set. `todo user reset-password` sets a new password")
        return
    sender = MailSender(read_smtp_url(settings.smtp_url.get_secret_value()), read_sender(settings.mail_from))
    try:
        asyncio.run(sender.check())
    except MailNotSentError as error:
        yield problem(name, f"The mail server cannot be used: {error}", "Check SMTP_URL, and that the server runs.")
    else:
        yield ok(name, "The mail server accepts connections")


def _judge_schema(status: SchemaStatus) -> Iterator[Finding]:
    name = "migrations"
    if status.pending:
        yield problem(
            name, f"{len(status.pending)} migration(s) are pending", "Make a backup, then run: todo migrate up"
        )
    else:
        yield ok(name, f"The database is at revision {status.current}")


def _judge_server(settings: Settings, diagnosis: Diagnosis) -> Iterator[Finding]:
    name = "database"
    if diagnosis.version < VERSION_MIN:
        yield problem(name, f"PostgreSQL {diagnosis.version // 10_000} is too old", "Use PostgreSQL 15 or later.")
    if diagnosis.is_read_only:
        yield problem(name, "The server accepts no writes", "Connect to the primary server.")
    tables = ", ".join(f"{table} {size / MIB:,.1f} MiB" for table, size in diagnosis.tables)
    yield ok(
        name,
        f"PostgreSQL {diagnosis.version // 10_000} with {diagnosis.encoding}, {diagnosis.size / MIB:,.1f} MiB"
        f" ({tables}). The locale of the database does not matter, because the service folds text itself",
    )
    yield ok(
        "change log",
        f"About {diagnosis.log_rows:,} changes in {diagnosis.log_size / MIB:,.1f} MiB, "
        f"kept for {settings.changes_retention_days} days",
    )
    connections = settings.workers * (settings.db_pool_max + notifications.CONNECTIONS)
    if connections > diagnosis.max_connections:
        yield warning(
            name,
            f"The workers open up to {connections} connections, and the server accepts {diagnosis.max_connections}",
            "Lower DB_POOL_MAX, or raise max_connections of PostgreSQL.",
        )
    skew = abs(utc_now() - diagnosis.now)
    if skew > SKEW_MAX:
        remedy = "Set both clocks with NTP. Tokens and links expire too early or too late."
        yield warning("clock", f"The clocks of this machine and of the database differ by {skew}", remedy)
    else:
        yield ok("clock", "The clocks of this machine and of the database agree")


def _judge_distribution(cluster: Cluster | None) -> Finding:
    name = "distribution"
    if cluster is None:
        return ok(name, "All tables are on one server")
    if not cluster.is_distributed:
        return warning(
            name, "The database has the extension citus, and its tables are on one server", "Run: todo distribute"
        )
    if cluster.missing:
        return problem(
            name,
            f"Citus does not store {', '.join(cluster.missing)} as the service needs it",
            "Restore a backup into a database that `todo distribute` has distributed.",
        )
    return ok(
        name,
        f"Citus distributes {len(cluster.distributed)} tables by user into {cluster.shards} shards on {cluster.nodes} "
        f"node(s), and copies {len(cluster.reference)} tables to every node",
    )

"""asyncpg's errors, translated to domain errors."""

import contextlib
import logging
import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

import asyncpg

from todo.core.errors import DomainError, ServiceUnavailableError

Violations = Mapping[str, type[DomainError]]

logger = logging.getLogger(__name__)

CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""Raised when a connection is dead, or leads to a server that became a standby in a failover."""
UNAVAILABLE = (
    *CONNECTION_LOST,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InsufficientResourcesError,
    asyncpg.QueryCanceledError,
    asyncpg.TransactionRollbackError,
)
"""Raised when the server is missing, starting, stopping or full, or has cancelled a statement."""
PREPARED_STATEMENT_LOST = (
    asyncpg.InvalidSQLStatementNameError,
    asyncpg.DuplicatePreparedStatementError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.exceptions.OutdatedSchemaCacheError,
)
"""Raised when the server does not have the prepared statements that the driver expects on a connection."""
REMEDIES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError),
        "The database lacks migrations, run: todo migrate up (%s)",
    ),
    ((asyncpg.InsufficientPrivilegeError,), "The role of DATABASE_URL lacks a privilege: %s"),
    (
        (asyncpg.InvalidAuthorizationSpecificationError,),
        "The server rejects the role or the password of DATABASE_URL: %s",
    ),
    (
        PREPARED_STATEMENT_LOST,
        "A prepared statement was lost (%s). If a pooler such as PgBouncer is in front of PostgreSQL, "
        "add statement_cache_size=0 to the options of DATABASE_URL",
    ),
)
"""Errors that end when the operator acts, and the log record that says how."""
TRANSLATED: tuple[type[Exception], ...] = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.InternalServerError,
    *(error for errors, _ in REMEDIES for error in errors),
    asyncpg.LockNotAvailableError,
    *UNAVAILABLE,
)
"""Errors that `translate` knows. Any other error is a defect and becomes a 500 with its traceback in the log."""
QUOTED_NAME = re.compile(r'"([^"]+)"')
SHARD_SUFFIX = re.compile(r"_\d{6,}$")
LOGS_CAUSES = ContextVar("LOGS_CAUSES", default=True)
"""Whether the cause of a failure is logged. A loop that retries sets this to False after its first failure."""


class LockTimeoutError(ServiceUnavailableError):
    """The service is temporarily unavailable. Please try again shortly

    The statement waited for a lock longer than the lock timeout.
    """


class ConnectionLostError(ServiceUnavailableError):
    """The service is temporarily unavailable. Please try again shortly

    The connection is dead, or leads to a server that became a standby.
    """


class StatementTimeoutError(ServiceUnavailableError):
    """The service is temporarily unavailable. Please try again shortly

    The statement ran longer than its own timeout.
    """


class PreparedStatementLostError(ServiceUnavailableError):
    """The service is temporarily unavailable. Please try again shortly

    The connection cannot be used again. The server does not have the prepared statements that the driver expects.
    """


def translate(error: Exception, violations: Violations) -> DomainError | None:
    """Return the domain error for one of asyncpg's, or None if the error is a defect.

    Args:
        error: one of TRANSLATED.
        violations: by constraint name, the error that a violation becomes.
    """
    match error:
        case asyncpg.IntegrityConstraintViolationError() | asyncpg.InternalServerError():
            violated = next((violations[name] for name in _constraint_names(error) if name in violations), None)
            return violated() if violated else None
        case asyncpg.DataError():
            return None
        case asyncpg.LockNotAvailableError():
            return LockTimeoutError()
        case _:
            _log_cause(error)
            return _unavailable_error(error)


def _constraint_names(error: asyncpg.PostgresError) -> list[str]:
    """Return the name of the violated constraint, or the quoted names of the message if the error has no such field.

    Citus passes on the message of a worker without its fields, and after a COPY to a worker without its SQLSTATE. The
    names of a shard end in its number.
    """
    names = [error.constraint_name] if error.constraint_name else QUOTED_NAME.findall(str(error))
    return [SHARD_SUFFIX.sub("", name) for name in names]


def _unavailable_error(error: Exception) -> ServiceUnavailableError:
    if isinstance(error, PREPARED_STATEMENT_LOST):
        return PreparedStatementLostError()
    return ConnectionLostError() if isinstance(error, CONNECTION_LOST) else ServiceUnavailableError()


def _log_cause(error: Exception) -> None:
    if not LOGS_CAUSES.get():
        return
    for types, message in REMEDIES:
        if isinstance(error, types):
            logger.error(message, error)
            return
    # For several hosts a note has the error of each.
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    logger.warning("The database is unavailable: %s: %s%s", type(error).__name__, error, notes)


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Raise domain errors in place of asyncpg's."""
    try:
        yield
    except TRANSLATED as error:
        if (translation := translate(error, {})) is None:
            raise
        raise translation from error

"""asyncpg's errors, translated to domain errors."""

import contextlib
import logging
from collections.abc import Iterator, Mapping

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
TRANSLATED = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.LockNotAvailableError,
    *UNAVAILABLE,
)
"""Errors that `translate` knows. Any other error is a defect and becomes a 500 with its traceback in the log."""


class SchemaError(ServiceUnavailableError):
    """The service is temporarily unavailable. Please try again shortly

    The database lacks a table or a column because migrations are pending.
    """


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


def translate(error: Exception, violations: Violations) -> DomainError | None:
    """Return the domain error for one of asyncpg's, or None if the error is a defect.

    Args:
        error: one of TRANSLATED.
        violations: by constraint name, the error that a violation becomes.
    """
    match error:
        case asyncpg.IntegrityConstraintViolationError():
            violated = violations.get(error.constraint_name or "")
            return violated() if violated else None
        case asyncpg.DataError():
            return None
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError():
            logger.error("The database lacks migrations, run: todo migrate up (%s)", error)
            return SchemaError()
        case asyncpg.InsufficientPrivilegeError():
            logger.error("The role of DATABASE_URL lacks a privilege: %s", error)
            return ServiceUnavailableError()
        case asyncpg.LockNotAvailableError():
            return LockTimeoutError()
        case _:
            logger.warning("The database is unavailable: %s: %s", type(error).__name__, error)
            return ConnectionLostError() if isinstance(error, CONNECTION_LOST) else ServiceUnavailableError()


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Raise domain errors in place of asyncpg's."""
    try:
        yield
    except TRANSLATED as error:
        if (translation := translate(error, {})) is None:
            raise
        raise translation from error

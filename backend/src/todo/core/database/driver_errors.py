"""What the driver's errors mean to us."""

import contextlib
import logging
from collections.abc import Iterator, Mapping

import asyncpg

from todo.core.errors import DomainError, ServiceUnavailableError

Violations = Mapping[str, type[DomainError]]

logger = logging.getLogger(__name__)

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""What the driver raises when a connection leads nowhere any more, or to what is a standby since a failover."""
AWAY = (
    *LOST,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InsufficientResourcesError,
    asyncpg.QueryCanceledError,
    asyncpg.TransactionRollbackError,
)
"""What it raises when there is no server, it is stopping or starting, full, or gave up on a statement."""


class SchemaError(ServiceUnavailableError):
    """The service is temporarily unavailable. Please try again shortly

    The database lacks a table or a column: its migrations are to be done.
    """


class LockTimeoutError(ServiceUnavailableError):
    """The service is temporarily unavailable. Please try again shortly

    What the statement needs was locked by another for longer than it may wait.
    """


FORESEEN = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.LockNotAvailableError,
    *AWAY,
)
"""What the driver raises and has a meaning for us; all else stays what it is (a 500 with its traceback)."""


def meaning_of(error: Exception, violations: Violations) -> DomainError | None:
    """Return what an error of FORESEEN means to us; None if nobody foresaw this one after all.

    Args:
        error: the driver's.
        violations: by a constraint's name, what it means that a statement breaks it.
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
            logger.warning("The database is away, or gave up: %s: %s", type(error).__name__, error)
            return ServiceUnavailableError()


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the driver's errors into ours."""
    try:
        yield
    except FORESEEN as error:
        if (meaning := meaning_of(error, {})) is None:
            raise
        raise meaning from error

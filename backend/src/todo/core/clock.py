"""The current time, and instants in UTC."""

from datetime import UTC, datetime


def attach_utc(instant: datetime) -> datetime:
    """Attach UTC to an instant. asyncpg returns PostgreSQL's infinity as a naive datetime."""
    return instant.replace(tzinfo=UTC)


def utc_now() -> datetime:
    """Return the current instant, aware and in UTC."""
    return datetime.now(UTC)

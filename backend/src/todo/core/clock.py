"""The only place where the service asks what time it is."""

from datetime import UTC, datetime


def as_utc(instant: datetime) -> datetime:
    """Give its zone back to the first and to the last instant there is, which the driver keeps as infinities."""
    return instant.replace(tzinfo=UTC)


def utc_now() -> datetime:
    """Return the present instant, aware and in UTC."""
    return datetime.now(UTC)

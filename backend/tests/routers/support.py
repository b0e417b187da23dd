"""Values and helpers that the tests of several routers share."""

from datetime import UTC, datetime
from uuid import uuid4

SESSION_ENDED = (401, "SESSION_ENDED", "This session has ended. Please log in again")
INVALID_TOKEN = (401, "INVALID_TOKEN", "Invalid authentication token")
ABSENT = object()
START = datetime.now(UTC).replace(microsecond=123_456)
"""The start of tests that move the clock. Tokens count whole seconds, rows count microseconds."""


def new_email() -> str:
    """Return an unused address."""
    return f"{uuid4().hex}@example.com"

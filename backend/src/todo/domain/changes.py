"""Values of the routes of the change log."""

from typing import Annotated

from pydantic import AfterValidator, Strict, WithJsonSchema

from todo.core.errors import InvalidValueError
from todo.domain.identifiers import BIGINT_MAX
from todo.domain.rules import Raises, string_schema
from todo.domain.text import Text

SYNC_LIMIT_MAX = 1000
SYNC_TOKEN_MAX = 100
"""Characters of a sync token."""
WAIT_MAX_SECONDS = 60


class InvalidChangeBaseError(InvalidValueError):
    """Change-Base must be the number of one of your changes, such as the Change-Seq of a response"""

    code = "INVALID_CHANGE_BASE"
    field = "Change-Base"


def _check_base(value: int) -> int:
    if not 0 <= value <= BIGINT_MAX:
        raise InvalidChangeBaseError
    return value


class InvalidSyncTokenError(InvalidValueError):
    """This is not a sync token of this account. Sync without it, and replace your copy"""

    code = "INVALID_SYNC_TOKEN"
    field = "since"


class InvalidWaitError(InvalidValueError):
    """Wait must be a number of seconds from 0"""

    code = "INVALID_WAIT"
    field = "wait"


def _check_wait(value: int) -> int:
    if value < 0:
        raise InvalidWaitError
    return min(value, WAIT_MAX_SECONDS)


SyncTokenText = Annotated[
    Text, Raises(InvalidSyncTokenError), string_schema(maxLength=SYNC_TOKEN_MAX, pattern="^[A-Za-z0-9_-]*$")
]
WaitSeconds = Annotated[
    int,
    AfterValidator(_check_wait),
    Raises(InvalidWaitError),
    WithJsonSchema({"type": "integer", "minimum": 0}),
]
ChangeBaseNumber = Annotated[int, Strict(), AfterValidator(_check_base), Raises(InvalidChangeBaseError)]

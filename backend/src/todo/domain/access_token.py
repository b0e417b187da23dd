"""Personal access tokens: their names, and when they expire."""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator

from todo.core.errors import InvalidValueError
from todo.domain.instants import parse_instant
from todo.domain.rules import Raises, TextRule, string_schema
from todo.domain.text import Text

TOKEN_NAME_MAX = 100


class InvalidTokenNameError(InvalidValueError):
    """Token name is required and must be 1-100 characters"""

    code = "INVALID_TOKEN_NAME"
    field = "name"


class InvalidExpiryError(InvalidValueError):
    """Expiry must be a future ISO 8601 datetime"""

    code = "INVALID_EXPIRY"
    field = "expires_at"


def _parse_expiry(value: object) -> datetime:
    return parse_instant(value, InvalidExpiryError)


TokenName = Annotated[Text, TextRule(1, TOKEN_NAME_MAX, InvalidTokenNameError)]
Expiry = Annotated[
    datetime, BeforeValidator(_parse_expiry), Raises(InvalidExpiryError), string_schema(format="date-time")
]

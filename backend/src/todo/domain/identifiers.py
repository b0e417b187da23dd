"""Identifiers: the ids of rows, and the external ids that clients choose."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Strict

from todo.core.errors import InvalidValueError
from todo.domain.rules import TextRule
from todo.domain.text import Text

BIGINT_MAX = 2**63 - 1
UNKNOWN_ID = 0
"""An id that no row has, because identity columns begin at 1."""
EXTERNAL_ID_MAX = 200
WHOLE_NUMBER = re.compile(r"-?[0-9]+")
ID_TEXT = re.compile(r"[0-9]{1,18}")
"""Digits that fit a bigint; identity columns stay below 18 digits."""


class InvalidExternalIdError(InvalidValueError):
    """External id must be 1-200 characters"""

    code = "INVALID_EXTERNAL_ID"
    field = "external_id"


def _read_row_id(value: object) -> object:
    """Return UNKNOWN_ID for a whole number that no bigint identity column generates, so the lookup gives 404."""
    if isinstance(value, str) and WHOLE_NUMBER.fullmatch(value):
        fits = len(value) <= len(str(BIGINT_MAX)) and 1 <= int(value) <= BIGINT_MAX
        return int(value) if fits else UNKNOWN_ID
    return value


def read_id(text: str) -> int:
    """Return the id that a text may mean, or UNKNOWN_ID (FLT-005, FLT-006)."""
    return int(text) if ID_TEXT.fullmatch(text) else UNKNOWN_ID


BodyId = Annotated[int, Strict(), AfterValidator(lambda row_id: row_id if 1 <= row_id <= BIGINT_MAX else UNKNOWN_ID)]
"""The id of a row in a body; UNKNOWN_ID for a number that no row has."""
RowId = Annotated[int, Strict(), BeforeValidator(_read_row_id)]
ExternalId = Annotated[Text, TextRule(1, EXTERNAL_ID_MAX, InvalidExternalIdError, trim=False)]

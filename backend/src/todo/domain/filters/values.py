"""Filters in requests, and the names of saved filters."""

from typing import Annotated

from pydantic import AfterValidator, PlainValidator

from todo.core.errors import InvalidValueError
from todo.domain.filters.parser import FILTER_MAX, InvalidFilterError, parse_filter
from todo.domain.filters.terms import Filter
from todo.domain.rules import Raises, TextRule, string_schema
from todo.domain.text import Text, check_storable, normalize

FILTER_NAME_MAX = 100


class InvalidFilterNameError(InvalidValueError):
    """Filter name is required and must be 1-100 characters"""

    code = "INVALID_FILTER_NAME"
    field = "name"


def _read_filter(value: object) -> Filter:
    if not isinstance(value, str):
        raise ValueError("Input should be a valid string")  # noqa: TRY004 -- pydantic collects ValueErrors only
    return parse_filter(normalize(check_storable(value)))


def _check_filter(value: str) -> str:
    parse_filter(value)
    return value.strip()


ParsedFilter = Annotated[
    Filter, PlainValidator(_read_filter), Raises(InvalidFilterError), string_schema(maxLength=FILTER_MAX)
]
"""The text of a filter, read."""
FilterText = Annotated[
    Text, AfterValidator(_check_filter), Raises(InvalidFilterError), string_schema(minLength=1, maxLength=FILTER_MAX)
]
"""The text of a filter, checked and without spaces around it."""
FilterName = Annotated[Text, TextRule(1, FILTER_NAME_MAX, InvalidFilterNameError)]

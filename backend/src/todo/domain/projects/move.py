"""Moves: the place to which a task, a project or a section is moved."""

from typing import Annotated

from pydantic import AfterValidator, Strict, ValidationInfo

from todo.core.errors import InvalidValueError
from todo.domain.identifiers import BodyId
from todo.domain.rules import Raises

PLACES = ("before", "after", "first", "last")


class ConflictingPlacesError(InvalidValueError):
    """A move has one place: send one of before, after, first and last"""

    code = "CONFLICTING_PLACES"
    field = "after"


def _is_sent(value: object) -> bool:
    return value is not None and value is not False


def _check_alone(value: int | None, info: ValidationInfo) -> int | None:
    if _is_sent(value) and any(_is_sent(info.data.get(place)) for place in PLACES):
        raise ConflictingPlacesError
    return value


SiblingId = Annotated[BodyId | None, AfterValidator(_check_alone), Raises(ConflictingPlacesError)]
IsEnd = Annotated[bool, Strict(), AfterValidator(_check_alone), Raises(ConflictingPlacesError)]

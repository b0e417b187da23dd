"""The numbers of changes, as clients send them."""

from typing import Annotated

from pydantic import AfterValidator, Strict

from todo.core.errors import InvalidValueError
from todo.domain.identifiers import BIGINT_MAX
from todo.domain.rules import Raises


class InvalidChangeBaseError(InvalidValueError):
    """Change-Base must be the number of one of your changes, such as the Change-Seq of a response"""

    code = "INVALID_CHANGE_BASE"
    field = "Change-Base"


def _check_base(value: int) -> int:
    if not 0 <= value <= BIGINT_MAX:
        raise InvalidChangeBaseError
    return value


ChangeBaseNumber = Annotated[int, Strict(), AfterValidator(_check_base), Raises(InvalidChangeBaseError)]

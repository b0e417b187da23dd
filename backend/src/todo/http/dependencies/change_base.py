"""The header `Change-Base`: the last change that an offline client knew."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request

from todo.core.errors import FieldConflictError
from todo.domain.changes import InvalidChangeBaseError
from todo.http.openapi import raises

CHANGE_BASE = "Change-Base"
NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")


@raises(FieldConflictError, InvalidChangeBaseError)
async def get_change_base(
    request: Request,
    change_base: Annotated[
        str | None,
        Header(
            description="The `Change-Seq` that your copy is based on. If a field that you write was changed after it, "
            "the response is 409 and names the fields. Without the header the last write of a field stays.",
            alias=CHANGE_BASE,
            pattern=f"^({NUMBER.pattern})$",
        ),
    ] = None,
) -> int | None:
    """Return the number of the last change that the client knew, or None if the write is not based on one.

    Raises:
        InvalidChangeBaseError: the header is no number, or there are several.
    """
    if change_base is None:
        return None
    if len(request.headers.getlist(CHANGE_BASE)) > 1 or not NUMBER.fullmatch(change_base):
        raise InvalidChangeBaseError
    return int(change_base)


ChangeBase = Annotated[int | None, Depends(get_change_base)]

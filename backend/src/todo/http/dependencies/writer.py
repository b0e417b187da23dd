"""The writer of a request: logs what the request changes, and who changed it."""

from typing import Annotated

from fastapi import Depends, Request

from todo.http.dependencies.principal import CurrentUser
from todo.http.dependencies.resources import get_session
from todo.http.request_state import request_state
from todo.services.shared.writer import Writer


async def get_writer(request: Request, user: CurrentUser) -> Writer:
    """Return the writer of the request; the response gets the number of its last change as `Change-Seq`."""
    state = request_state(request.scope)
    state.writer = Writer(await get_session(request), user, state.id)
    return state.writer


CurrentWriter = Annotated[Writer, Depends(get_writer)]

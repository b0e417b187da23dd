"""The writer of a request: logs what the request changes, and who changed it."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from todo.http.dependencies.principal import CurrentUser
from todo.http.dependencies.resources import get_session
from todo.http.request_state import request_state
from todo.services.authentication import Principal
from todo.services.shared.log.writer import Writer

MakeWriter = Callable[[UUID], Writer]


async def get_writer(request: Request, user: CurrentUser) -> Writer:
    """Return the writer of the request; the response gets the number of its last change as `Change-Seq`."""
    state = request_state(request.scope)
    state.writer = Writer(await get_session(request), user, state.id)
    return state.writer


async def get_user_writer(request: Request) -> MakeWriter:
    """Return the function that makes the writer for a user whom the service identifies by a mailed token."""
    session = await get_session(request)
    state = request_state(request.scope)

    def make_writer(user_id: UUID) -> Writer:
        state.writer = Writer(session, Principal(user_id), state.id)
        return state.writer

    return make_writer


CurrentWriter = Annotated[Writer, Depends(get_writer)]
UserWriter = Annotated[MakeWriter, Depends(get_user_writer)]

"""Applications whose registration is restricted, and invitations."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.support import MakeApp, make_client
from todo.core.clock import utc_now
from todo.services.invitations.service import create_invitation

MakeInvitation = Callable[[], Awaitable[str]]


@pytest.fixture(scope="session")
async def invited_app(make_session_app: MakeApp) -> FastAPI:
    """Return an application with REGISTRATION=invited."""
    return await make_session_app(registration="invited")


@pytest.fixture
async def client(invited_app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Return a client of the application with REGISTRATION=invited."""
    async with make_client(invited_app) as client:
        yield client


@pytest.fixture
def make_invitation(invited_app: FastAPI) -> MakeInvitation:
    """Create invitations and return their codes."""

    async def make() -> str:
        session = invited_app.state.resources.database.session
        return (await create_invitation(session, utc_now()))["invitation"]

    return make

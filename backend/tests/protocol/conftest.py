"""A connection of the protocol over a socket pair, with an application that the test chooses."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.types import ASGIApp
from uvicorn import Config
from uvicorn.server import ServerState

from todo.http.protocol.connection import LimitedProtocol
from todo.http.protocol.limits import ConnectionLimits

SMALL_BUFFER = 4096
CONNECTIONS = 10


@dataclass
class Connected:
    """A protocol and the socket of its client."""

    protocol: LimitedProtocol
    client: socket.socket


Connect = Callable[..., Awaitable[Connected]]


@pytest.fixture
async def connect_to() -> AsyncIterator[Connect]:
    """Return a function that connects a client to an application."""
    async with AsyncExitStack() as stack:

        async def connect(app: ASGIApp, write_seconds: float = 60) -> Connected:
            return await stack.enter_async_context(_connected(app, write_seconds))

        yield connect


@asynccontextmanager
async def _connected(app: ASGIApp, write_seconds: float) -> AsyncIterator[Connected]:
    server, client = socket.socketpair()
    for end in (server, client):
        end.setblocking(False)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
    limits = ConnectionLimits(head_seconds=15, write_seconds=write_seconds, connections=CONNECTIONS)
    config: Any = Config(app, log_config=None, lifespan="off", ws="none")
    loop = asyncio.get_running_loop()
    state = ServerState()
    protocol = LimitedProtocol(config, state, {}, loop, limits=limits)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, server)
    yield Connected(protocol, client)
    transport.abort()
    client.close()
    running = [*state.tasks]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)

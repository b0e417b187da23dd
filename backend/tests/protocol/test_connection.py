"""The bounds of one connection."""

import asyncio
import time

import pytest
from starlette.types import Receive, Scope, Send

from tests.protocol.conftest import Connect, Connected
from todo.http.protocol.connection import PIPELINE_MAX, SLICE_BYTES

SHORTEST = b"GET / HTTP/1.1\r\nHost:\r\n\r\n"
BODY = b"x" * 40_000
"""More than the buffer of the socket, and less than the high-water mark of the transport."""


async def never_respond(_scope: Scope, _receive: Receive, _send: Send) -> None:
    await asyncio.Event().wait()


async def send_body(scope: Scope, _receive: Receive, send: Send) -> None:
    close = [(b"connection", b"close")] if scope["path"] == "/close" else []
    headers = [(b"content-length", b"%d" % len(BODY)), *close]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


async def is_lost(connected: Connected, seconds: float) -> bool:
    """Return whether the service ends the connection in time, without a read by the client."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if connected.protocol not in connected.protocol.connections:
            return True
        await asyncio.sleep(0.02)
    return False


@pytest.mark.spec("PRO-008")
async def test_holds_a_bounded_number_of_pipelined_requests(connect_to: Connect) -> None:
    connected = await connect_to(never_respond)
    loop = asyncio.get_running_loop()

    sending = asyncio.ensure_future(loop.sock_sendall(connected.client, SHORTEST * 100_000))
    await asyncio.sleep(0.3)

    assert not sending.done()
    assert len(connected.protocol.pipeline) < PIPELINE_MAX + SLICE_BYTES // len(SHORTEST) + 1
    sending.cancel()


@pytest.mark.spec("PRO-010")
@pytest.mark.parametrize("path", ["/close", "/kept"])
async def test_ends_a_connection_with_a_short_response_that_the_client_does_not_read(
    connect_to: Connect, path: str
) -> None:
    connected = await connect_to(send_body, write_seconds=0.3)

    await asyncio.get_running_loop().sock_sendall(connected.client, SHORTEST.replace(b"/", path.encode(), 1))

    assert not await is_lost(connected, 0.25)
    assert await is_lost(connected, 1)


@pytest.mark.spec("PRO-011")
async def test_keeps_a_connection_whose_client_has_read_everything(connect_to: Connect) -> None:
    connected = await connect_to(send_body, write_seconds=0.2)
    loop = asyncio.get_running_loop()

    for _ in range(3):
        await loop.sock_sendall(connected.client, SHORTEST)
        received = 0
        while received < len(BODY):
            received += len(await loop.sock_recv(connected.client, 4096))

    assert not await is_lost(connected, 0.5)


@pytest.mark.spec("PRO-020")
async def test_application_learns_that_the_client_of_pipelined_requests_is_gone(connect_to: Connect) -> None:
    received: list[str] = []
    is_gone = asyncio.Event()

    async def wait_for_the_end(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while "http.disconnect" not in received:
            received.append((await receive())["type"])
        await send({"type": "http.response.body", "body": b"x"})
        is_gone.set()

    connected = await connect_to(wait_for_the_end)
    await asyncio.get_running_loop().sock_sendall(connected.client, SHORTEST * 2)
    await asyncio.sleep(0.1)

    connected.client.close()

    async with asyncio.timeout(5):
        await is_gone.wait()

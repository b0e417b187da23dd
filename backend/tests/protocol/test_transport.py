"""The head of a response is sent with the beginning of its body."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from tests.protocol.conftest import Connect
from todo.http.protocol.transport import JoiningTransport

HEAD, BODY = b"HTTP/1.1 200 OK\r\n\r\n", b"{}"


class Recorder(asyncio.Transport):
    """Records what asyncio would send."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.sent.append(b"closed")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def transport(recorder: Recorder) -> JoiningTransport:
    return JoiningTransport(recorder, asyncio.get_running_loop())


@pytest.mark.spec("PRO-019")
async def test_head_and_body_are_sent_together(transport: JoiningTransport, recorder: Recorder) -> None:
    for data in (HEAD, BODY, BODY, HEAD, BODY):
        transport.write(data)

    assert recorder.sent == [HEAD + BODY, BODY, HEAD + BODY]


@pytest.mark.spec("PRO-019")
async def test_head_without_a_body_is_sent_in_the_next_pass(transport: JoiningTransport, recorder: Recorder) -> None:
    transport.write(HEAD)
    await asyncio.sleep(0)

    assert recorder.sent == [HEAD]


async def test_two_heads_in_one_pass_keep_their_order(transport: JoiningTransport, recorder: Recorder) -> None:
    transport.write(HEAD)
    transport.write(HEAD)
    transport.write(BODY)
    await asyncio.sleep(0)

    assert b"".join(recorder.sent) == HEAD + HEAD + BODY


async def test_close_sends_the_head_first(transport: JoiningTransport, recorder: Recorder) -> None:
    transport.write(HEAD)
    transport.close()
    await asyncio.sleep(0)

    assert recorder.sent == [HEAD, b"closed"]


@pytest.mark.spec("PRO-019")
async def test_client_gets_the_head_of_a_stream_at_once(connect_to: Connect) -> None:
    async def begin_a_stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    connected = await connect_to(begin_a_stream)
    loop = asyncio.get_running_loop()

    await loop.sock_sendall(connected.client, b"GET / HTTP/1.1\r\nHost:\r\n\r\n")
    async with asyncio.timeout(5):
        received = await loop.sock_recv(connected.client, 1000)

    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith(b"\r\n\r\n")

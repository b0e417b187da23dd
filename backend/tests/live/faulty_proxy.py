"""A proxy that breaks connections at random, before a request or before its response."""

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator


class FaultyProxy:
    """Forwards bytes to a service. A request or a response is lost with the probability `faults`."""

    def __init__(self, port: int, seed: int) -> None:
        self._target = port
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self.faults = 0.3
        self.lost = 0
        self.port = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run the proxy in a thread."""
        started = threading.Event()
        thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        thread.start()
        started.wait(10)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(10)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            service_reader, service_writer = await asyncio.open_connection("127.0.0.1", self._target)
            await asyncio.gather(self._forward(reader, service_writer), self._forward(service_reader, writer))
        except OSError:
            pass
        finally:
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward chunks until one is lost."""
        try:
            while chunk := await reader.read(65536):
                if self._random.random() < self.faults / 2:
                    self.lost += 1
                    break
                writer.write(chunk)
                await writer.drain()
        finally:
            writer.close()

"""Loops that run beside the requests of the application."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any


@contextlib.asynccontextmanager
async def running(
    loop: Coroutine[Any, Any, None], first_pass: asyncio.Event | None = None, seconds: float = 0
) -> AsyncIterator[None]:
    """Run a loop for the length of the block, and cancel it at the end.

    Args:
        loop: the loop.
        first_pass: the loop sets it after its first pass. The block begins then, or after `seconds`.
        seconds: how long the block waits for the first pass.
    """
    task = asyncio.create_task(loop)
    try:
        if first_pass is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await first_pass.wait()
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

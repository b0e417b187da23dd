"""The connection that sends notifications."""

import asyncio

import asyncpg
import pytest

from tests.support import make_settings
from todo.core.config import Settings
from todo.core.database.connection import open_connection
from todo.core.database.notifications import NotificationSender


@pytest.mark.spec("EVT-014")
async def test_concurrent_calls_open_one_connection(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[asyncpg.Connection] = []

    async def count_connections(settings: Settings, url: str) -> asyncpg.Connection:
        opened.append(await open_connection(settings, url))
        return opened[-1]

    monkeypatch.setattr("todo.core.database.notifications.open_connection", count_connections)
    sender = NotificationSender(make_settings(), database_url, "todo_test")

    await asyncio.gather(*(sender.send([f"message {number}"]) for number in range(5)))
    await sender.close()

    assert len(opened) == 1
    assert opened[0].is_closed()

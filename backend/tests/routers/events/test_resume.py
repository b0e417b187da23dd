"""Streams that continue after the last event of an earlier stream."""

import asyncpg
import pytest
from fastapi import FastAPI

from tests.routers.events.support import ReceivedEvent, follow, open_stream
from tests.support import Make, Person


async def read_events(app: FastAPI, owner: Person, last_event_id: str, number: int) -> list[ReceivedEvent | None]:
    """Return the opening block and the next events of a stream that continues."""
    async with open_stream(app, owner, headers={"Last-Event-ID": last_event_id}) as stream:
        return [await stream.next_event() for _ in range(number + 1)]


async def make_event(app: FastAPI, owner: Person, make_task: Make) -> ReceivedEvent:
    """Create a task and return its event."""
    async with follow(app, owner) as stream:
        await make_task(owner)
        [event] = await stream.next_changes(1)
        return event


@pytest.mark.spec("EVT-004")
async def test_stream_continues_after_the_last_event(app: FastAPI, ada: Person, make_task: Make) -> None:
    event = await make_event(app, ada, make_task)
    missed = [await make_task(ada) for _ in range(2)]

    opening, *events = await read_events(app, ada, event.id or "", 2)

    assert opening is not None
    assert opening.id == event.id
    assert [found.data["id"] for found in events if found and found.data] == [task["id"] for task in missed]


@pytest.mark.spec("EVT-004")
async def test_stream_continues_after_an_opening_without_events(app: FastAPI, ada: Person, make_task: Make) -> None:
    async with open_stream(app, ada) as stream:
        opening = await stream.next_event()
    task = await make_task(ada)
    assert opening is not None

    _, event = await read_events(app, ada, opening.id or "", 1)

    assert event is not None
    assert event.data == {"type": "task", "id": task["id"], "action": "create"}


@pytest.mark.spec("EVT-005")
@pytest.mark.parametrize("last_event_id", ["garbled", "7", "x" * 5000, "/", "%00", "\u00e9"])
async def test_garbled_id_is_a_resync_and_the_stream_goes_on_from_now(
    app: FastAPI, ada: Person, make_task: Make, last_event_id: str
) -> None:
    await make_task(ada)
    async with open_stream(app, ada, headers={"Last-Event-ID": last_event_id}) as stream:
        opening, resync = await stream.next_event(), await stream.next_event()
        task = await make_task(ada)
        [event] = await stream.next_changes(1)

    assert opening is not None
    assert resync is not None
    assert (resync.name, resync.data, resync.id) == ("resync", {}, opening.id)
    assert event.data is not None
    assert event.data["id"] == task["id"]


@pytest.mark.spec("EVT-005")
async def test_id_of_another_user_is_a_resync(app: FastAPI, ada: Person, bob: Person, make_task: Make) -> None:
    event = await make_event(app, bob, make_task)

    _, resync = await read_events(app, ada, event.id or "", 1)

    assert resync is not None
    assert resync.name == "resync"


@pytest.mark.spec("EVT-005")
@pytest.mark.parametrize("columns", ["swept_seq = seq", "seq = 0"], ids=["swept", "from the future"])
async def test_id_outside_of_the_log_is_a_resync(
    app: FastAPI, ada: Person, make_task: Make, connection: asyncpg.Connection, columns: str
) -> None:
    event = await make_event(app, ada, make_task)
    await make_task(ada)
    await connection.execute(f"UPDATE change_clocks SET {columns} WHERE user_id = $1", ada.id)

    _, resync = await read_events(app, ada, event.id or "", 1)

    assert resync is not None
    assert resync.name == "resync"

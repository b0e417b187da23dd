"""The events of a stream."""

import asyncio

import pytest
from fastapi import FastAPI

from tests.routers.events.support import follow, open_stream
from tests.support import Make, Person
from todo.services.events import service as event_service


@pytest.mark.spec("EVT-001")
async def test_each_change_is_an_event(app: FastAPI, ada: Person, make_task: Make, make_tag: Make) -> None:
    async with follow(app, ada) as stream:
        task, tag = await make_task(ada), await make_tag(ada)
        await ada.client.patch(f"/tasks/{task['id']}", json={"title": "New"})
        await ada.client.delete(f"/tags/{tag['id']}")
        events = await stream.next_changes(4)

    assert [event.data for event in events] == [
        {"type": "task", "id": task["id"], "action": "create"},
        {"type": "tag", "id": tag["id"], "action": "create"},
        {"type": "task", "id": task["id"], "action": "update"},
        {"type": "tag", "id": tag["id"], "action": "delete"},
    ]
    assert all(event.id for event in events)


@pytest.mark.spec("EVT-001")
async def test_response_is_an_unbuffered_event_stream(app: FastAPI, ada: Person) -> None:
    async with open_stream(app, ada, headers={"Accept-Encoding": "gzip, br, zstd"}) as stream:
        opening = await stream.next_event()

    assert stream.status == 200
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.headers["cache-control"] == "private, no-cache"
    assert "content-encoding" not in stream.headers
    assert opening is not None
    assert (opening.name, opening.retry) == (None, 3000)
    assert opening.id


@pytest.mark.spec("EVT-002")
async def test_only_the_last_event_of_a_request_has_an_id(app: FastAPI, ada: Person) -> None:
    items = [{"action": "create", "task": {"title": f"Task {number}"}} for number in range(3)]
    async with follow(app, ada) as stream:
        for _ in range(2):
            response = await ada.client.post("/tasks/bulk", json={"items": items})
            assert response.status_code == 200, response.text
        events = await stream.next_changes(6)

    assert [event.id is not None for event in events] == [False, False, True] * 2


@pytest.mark.spec("EVT-001")
async def test_stream_has_no_changes_of_others(app: FastAPI, ada: Person, bob: Person, make_task: Make) -> None:
    async with follow(app, ada) as stream:
        await make_task(bob)
        own = await make_task(ada)
        [event] = await stream.next_changes(1)

    assert event.data is not None
    assert event.data["id"] == own["id"]


@pytest.mark.spec("EVT-003")
async def test_silent_stream_has_comments(app: FastAPI, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_service, "COMMENT_SECONDS", 0.05)

    async with follow(app, ada) as stream:
        events = [await stream.next_event() for _ in range(2)]

    assert all(event is not None and event.comment for event in events)


@pytest.mark.spec("EVT-001")
async def test_more_changes_than_a_page_arrive_in_order(
    app: FastAPI, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_service, "PAGE_SIZE", 4)
    items = [{"action": "create", "task": {"title": f"Task {number}"}} for number in range(10)]
    async with follow(app, ada) as stream:
        created = await ada.client.post("/tasks/bulk", json={"items": items})
        events = await stream.next_changes(10)

    assert created.status_code == 200
    ids = [event.data["id"] for event in events if event.data]
    assert ids == sorted(ids)
    assert [event.id is not None for event in events] == [False] * 9 + [True]


@pytest.mark.spec("EVT-001")
async def test_head_has_no_events(app: FastAPI, ada: Person) -> None:
    async with open_stream(app, ada, method="HEAD") as stream:
        assert stream.status == 200
        assert await stream.next_event() is None


@pytest.mark.spec("EVT-001")
async def test_events_hold_no_connection(app: FastAPI, ada: Person, make_task: Make) -> None:
    pool = app.state.resources.database._pool
    async with follow(app, ada) as stream:
        await make_task(ada)
        await stream.next_changes(1)
        # The workers of the application use a connection for moments.
        for _ in range(500):
            if not pool.busy:
                break
            await asyncio.sleep(0.01)
        assert pool.busy == 0

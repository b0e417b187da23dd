"""Two devices complete a task with subtasks at once."""

import asyncio

import asyncpg
import pytest
from httpx import AsyncClient

from tests.routers.occurrences.support import completed_titles, make_tree, read_occurrences, read_task, send
from tests.routers.projects.conftest import elsewhere
from tests.routers.subtasks.support import assert_sound
from tests.support import Json, Make, Person, advance_clock, assert_error, wait_for_lock_waiters
from todo.core.errors import ServiceUnavailableError
from todo.services.occurrences import service

__all__ = ["elsewhere"]
ROUNDS = 10
ON_DAYS = {"due_day": "2026-12-01", "recurrence_rule": "FREQ=DAILY"}


@pytest.mark.spec("SUB-063")
@pytest.mark.parametrize("named", ["2026-12-01", None])
async def test_two_devices_at_once_make_one_record_and_open_the_subtasks_once(
    ada: Person, elsewhere: AsyncClient, make_task: Make, connection: asyncpg.Connection, named: str | None
) -> None:
    phone = Person(ada.id, ada.email, elsewhere)
    for _ in range(ROUNDS):
        task = await make_tree(make_task, ada, **ON_DAYS)

        responses = await asyncio.gather(
            *(send(person, task, **({} if named is None else {"occurrence": named})) for person in (ada, phone))
        )

        first, second = [response.json() for response in responses]
        records = await read_occurrences(ada, task)
        if named is None and first != second:
            # The second request read the task after the first had written it.
            assert len(records) == 2
            continue
        assert first == second
        assert len(records) == 1
        assert sum("Change-Seq" in response.headers for response in responses) == 1
    assert await completed_titles(ada) == "x" * ROUNDS
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-063")
@pytest.mark.parametrize("body", [{}, {"occurrence": "2026-12-01"}])
async def test_two_devices_that_saw_one_occurrence_make_one_record(
    ada: Person,
    elsewhere: AsyncClient,
    make_task: Make,
    connection: asyncpg.Connection,
    watcher: asyncpg.Connection,
    body: Json,
) -> None:
    task = await make_tree(make_task, ada, **ON_DAYS)
    devices = (ada, Person(ada.id, ada.email, elsewhere))
    async with connection.transaction():
        await advance_clock(connection, ada)
        requests = [asyncio.ensure_future(send(device, task, **body)) for device in devices]
        await wait_for_lock_waiters(watcher, len(devices))

    first, second = await asyncio.gather(*requests)

    assert first.json() == second.json()
    assert len(await read_occurrences(ada, task)) == 1


@pytest.mark.spec("SUB-063")
async def test_subtask_that_comes_below_a_task_while_it_is_completed_is_where_the_task_is(
    ada: Person, elsewhere: AsyncClient, make_task: Make, connection: asyncpg.Connection
) -> None:
    for _ in range(ROUNDS):
        task = await make_tree(make_task, ada, **ON_DAYS)

        completed, created = await asyncio.gather(
            ada.client.post(f"/tasks/{task['id']}/complete"),
            elsewhere.post("/tasks", json={"title": "e", "parent_id": task["id"], "completed": True}),
        )

        assert (completed.status_code, created.status_code) == (200, 201)
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-062")
@pytest.mark.parametrize("fields", [ON_DAYS, {}])
async def test_task_stays_if_its_subtasks_cannot_be_written(
    ada: Person, make_task: Make, monkeypatch: pytest.MonkeyPatch, fields: Json
) -> None:
    async def fail(*_arguments: object, **_options: object) -> None:
        raise ServiceUnavailableError

    task = await make_tree(make_task, ada, **fields)
    before = await read_task(ada, task)
    monkeypatch.setattr(service, "write_subtasks", fail)

    response = await ada.client.post(f"/tasks/{task['id']}/complete", json={"with_subtasks": True})

    assert_error(response, 503, "SERVICE_UNAVAILABLE")
    assert await read_task(ada, task) == before
    assert await read_occurrences(ada, task) == []

"""Restoring, undoing and purging at the same time: a resource is whole, or its content is gone."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import Response

from tests.routers.changes.support import read_log
from tests.routers.task_bulk.support import delete_item, write_bulk
from tests.support import Json, Make, Person, advance_clock, wait_for_lock_waiters
from todo.core.clock import utc_now
from todo.services.trash.service import sweep_trash

ROUNDS = 30


async def purge_everything(app: FastAPI) -> None:
    """Purge all entries as the sweep does when their time is over."""
    while await sweep_trash(app.state.resources.database.session, utc_now() + timedelta(days=1)):
        pass


async def contents_of(connection: asyncpg.Connection, owner: Person, task: Json) -> list[bool]:
    """Return for each change of a task whether it has old or new fields."""
    changes = [change for change in await read_log(connection, owner) if change["id"] == task["id"]]
    return [change["before"] is not None or change["after"] is not None for change in changes]


async def check(connection: asyncpg.Connection, owner: Person, task: Json, status: int) -> None:
    """Check that the task and its history are whole if it was put back, and that its content is gone otherwise."""
    contents, shown = await contents_of(connection, owner, task), await owner.client.get(f"/tasks/{task['id']}")
    if status == 200:
        assert (shown.status_code, contents) == (200, [True] * 3)
    else:
        assert (shown.status_code, contents) == (404, [False] * 2)


@pytest.fixture
async def deleted_task(ada: Person, make_task: Make) -> Json:
    task = await make_task(ada)
    await ada.client.delete(f"/tasks/{task['id']}")
    return task


async def restore_latest(owner: Person) -> Response:
    [entry] = (await owner.client.get("/trash")).json()["items"]
    return await owner.client.post(f"/trash/{entry['seq']}/restore")


@pytest.mark.spec("TRA-013")
async def test_sweep_waits_for_a_restoration_and_checks_again(
    app: FastAPI, ada: Person, deleted_task: Json, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await advance_clock(connection, ada)
        restoration = asyncio.ensure_future(restore_latest(ada))
        await wait_for_lock_waiters(watcher)
        purge = asyncio.ensure_future(purge_everything(app))
        await wait_for_lock_waiters(watcher, 2)

    response, _ = await asyncio.gather(restoration, purge)
    # PostgreSQL may give the lock to either of them.
    assert response.status_code in (200, 404), response.text
    await check(connection, ada, deleted_task, response.status_code)


@pytest.mark.spec("TRA-013")
async def test_restoration_and_sweep_at_the_same_time(
    app: FastAPI, ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    for number in range(ROUNDS):
        task = await make_task(ada)
        deletion = await ada.client.delete(f"/tasks/{task['id']}")
        seq = deletion.headers["Change-Seq"]

        async def restore(seq: str = seq, pause: float = number % 10 / 2000) -> Response:
            await asyncio.sleep(pause)
            return await ada.client.post(f"/trash/{seq}/restore")

        response, _ = await asyncio.gather(restore(), purge_everything(app))

        assert response.status_code in (200, 404), response.text
        await check(connection, ada, task, response.status_code)


@pytest.mark.spec("TRA-013")
async def test_restoration_and_purge_at_the_same_time(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    for number in range(ROUNDS):
        task = await make_task(ada)
        deletion = await ada.client.delete(f"/tasks/{task['id']}")
        path = f"/trash/{deletion.headers['Change-Seq']}"
        restore, purge = ada.client.post(f"{path}/restore"), ada.client.delete(path if number % 2 else "/trash")

        restored, purged = await asyncio.gather(restore, purge)

        assert restored.status_code in (200, 404), restored.text
        assert purged.status_code in (204, 404), purged.text
        await check(connection, ada, task, restored.status_code)


@pytest.mark.spec("TRA-013")
async def test_undo_of_a_bulk_deletion_and_sweep_do_not_deadlock(
    app: FastAPI, ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    for number in range(ROUNDS // 3):
        tasks = [await make_task(ada, title=f"{count}") for count in range(10)]
        deletion = await write_bulk(ada, *map(delete_item, reversed(tasks)))

        async def undo(deletion: Response = deletion, pause: float = number % 10 / 2000) -> Response:
            await asyncio.sleep(pause)
            return await ada.client.post(f"/changes/{deletion.headers['Change-Seq']}/undo", json={})

        response, *_ = await asyncio.gather(undo(), purge_everything(app), purge_everything(app))

        assert response.status_code in (200, 410), response.text
        for task in tasks:
            await check(connection, ada, task, response.status_code)

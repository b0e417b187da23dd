"""A kill of the service or of PostgreSQL leaves no change without its log row, and no log row without its change.

`KILL_ROUNDS=20 backend/scripts/test tests/live/test_kill_log.py` runs 20 rounds instead of 2.
"""

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest

from tests.live.conftest import LogIn, Service, Start, wait_until
from tests.live.test_kill import ROUNDS, kill_postgres, kill_service
from todo.core.database.url import connect_arguments
from todo.core.postgres.server import find_running

WRITERS = 3
SELECT_CHANGES = "SELECT type, id, action, before, after, seq FROM changes ORDER BY seq"
SELECT_TASKS = """
SELECT id, title, completed, ARRAY (SELECT tag_id FROM task_tag_link WHERE task_id = tasks.id ORDER BY tag_id) AS tags
FROM tasks
"""
State = dict[int, dict[str, Any]]


class RandomWrites:
    """Random writes of a thread. It writes only the tasks and tags that it has made."""

    def __init__(self, client: httpx.Client, number: int) -> None:
        self._client = client
        self._random = random.Random(number)
        self._tasks: list[int] = []
        self._tags: list[int] = []
        self.acknowledged = 0

    def write(self) -> None:
        """Send one write. A failed one may be written or not."""
        write = self._random.choice([self._create, self._create, self._change, self._delete, self._tag, self._bulk])
        try:
            response = write()
        except httpx.TransportError:
            time.sleep(0.02)
            return
        self.acknowledged += response is not None and response.is_success

    def _create(self) -> httpx.Response:
        if self._random.random() < 0.2:
            response = self._client.post("/tags", json={"name": f"{self._random.random()}"})
            owned = self._tags
        else:
            response = self._client.post("/tasks", json={"title": f"{self._random.random()}"})
            owned = self._tasks
        if response.is_success:
            owned.append(response.json()["id"])
        return response

    def _change(self) -> httpx.Response | None:
        if not self._tasks:
            return None
        changes = {"title": f"{self._random.random()}", "completed": self._random.random() < 0.5}
        return self._client.patch(f"/tasks/{self._random.choice(self._tasks)}", json=changes)

    def _delete(self) -> httpx.Response | None:
        owned, noun = (self._tasks, "tasks") if self._random.random() < 0.8 else (self._tags, "tags")
        return self._client.delete(f"/{noun}/{owned.pop()}") if owned else None

    def _tag(self) -> httpx.Response | None:
        if not self._tasks or not self._tags:
            return None
        path = f"/tasks/{self._random.choice(self._tasks)}/tags/{self._random.choice(self._tags)}"
        return self._client.request(self._random.choice(["POST", "POST", "DELETE"]), path)

    def _bulk(self) -> httpx.Response:
        items: list[dict[str, object]] = [{"action": "create", "task": {"title": f"bulk {n}"}} for n in range(5)]
        items += [{"action": "update", "id": task, "changes": {"title": "Bulk"}} for task in self._tasks[:5]]
        return self._client.post("/tasks/bulk", json={"items": items, "atomic": False})


def replay(changes: list[asyncpg.Record]) -> State:
    """Return the tasks that the log describes."""
    tasks: State = {}
    for change in changes:
        before, after = (json.loads(change[name] or "{}") for name in ("before", "after"))
        if change["type"] == "tag":
            if change["action"] == "delete":
                for task_id in before["tasks"]:
                    tasks[task_id]["tags"].remove(change["id"])
        elif change["action"] == "create":
            tasks[change["id"]] = {"title": after["title"], "completed": after["completed"], "tags": []}
        elif change["action"] == "update":
            task = tasks[change["id"]]
            task["tags"].sort()
            assert {name: task[name] for name in before.keys() & task.keys()} == {
                name: before[name] for name in before.keys() & task.keys()
            }
            task |= {name: after[name] for name in after.keys() & task.keys()}
        else:
            deleted = tasks.pop(change["id"])
            assert sorted(deleted["tags"]) == before["tags"]
    return tasks


async def check_log(service: Service) -> int:
    """Compare the log with the tables in one snapshot, and return the number of changes."""
    url = find_running(service.data_dir)
    assert url is not None
    connection = await asyncpg.connect(**connect_arguments(url))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            changes = await connection.fetch(SELECT_CHANGES)
            rows = await connection.fetch(SELECT_TASKS)
            clock = await connection.fetchval("SELECT seq FROM change_clocks")
    finally:
        await connection.close()
    described = {task_id: task | {"tags": sorted(task["tags"])} for task_id, task in replay(changes).items()}
    assert described == {row["id"]: {name: row[name] for name in ("title", "completed", "tags")} for row in rows}
    numbers = [change["seq"] for change in changes]
    assert numbers == [*range(1, len(numbers) + 1)]
    assert clock == numbers[-1]
    return len(numbers)


def wait_for_writes(writers: list[RandomWrites], number: int, service: Service) -> None:
    """Return when this many more writes are acknowledged."""
    expected = sum(writer.acknowledged for writer in writers) + number
    wait_until(lambda: sum(writer.acknowledged for writer in writers) >= expected, service)


@pytest.mark.timeout(90 + 15 * ROUNDS)
@pytest.mark.spec("CHG-001", "CHG-002")
@pytest.mark.parametrize("kill", [kill_service, kill_postgres])
def test_kill_leaves_the_log_as_the_tables(
    start: Start, log_in: LogIn, kill: Callable[[Service, Start], Service]
) -> None:
    service = start(RATE_LIMIT_ENABLED="false")
    client = log_in(service)
    writers = [RandomWrites(client, number) for number in range(WRITERS)]
    stopped = threading.Event()

    def write_until_stopped(writer: RandomWrites) -> None:
        while not stopped.is_set():
            writer.write()

    threads = [threading.Thread(target=write_until_stopped, args=(writer,), daemon=True) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        for _ in range(ROUNDS):
            wait_for_writes(writers, 30, service)
            time.sleep(random.uniform(0, 0.3))
            service = kill(service, start)
            assert asyncio.run(check_log(service))
    finally:
        stopped.set()
        for thread in threads:
            thread.join(30)
    assert asyncio.run(check_log(service)) > ROUNDS * 30

"""Sync while others write: a copy without further pages is a state that the server was in."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import asyncpg
import pytest
from httpx import Response

from tests.routers.changes.copies import Copy, assert_equal
from tests.routers.changes.support import read_log
from tests.routers.task_bulk.support import create_item, delete_item, update_item, write_bulk
from tests.support import SECRET, Json, Make, Person
from todo.core.security.tokens import TokenSigner
from todo.services.sync.tokens import read_token

WRITES = 40
Comparable = tuple[dict[Any, Json], dict[Any, str]]
"""Tasks with the ids of their tags, and the names of tags."""


class Writer:
    """Writes random changes of an account."""

    def __init__(self, owner: Person, name: str, source: random.Random) -> None:
        self._owner, self._name, self._random = owner, name, source

    async def run(self) -> None:
        """Write with random pauses. A write of a deleted resource is a 404."""
        for number in range(WRITES):
            response = await self._write(f"{self._name} {number}")
            assert response.status_code in (200, 201, 204, 404), response.text
            await asyncio.sleep(self._random.choice([0, 0, 0.01]))

    async def _write(self, text: str) -> Response:
        client = self._owner.client
        tasks = (await client.get("/tasks", params={"limit": 100})).json()["items"]
        tags = (await client.get("/tags")).json()
        task, tag = (self._random.choice(resources or [{"id": 1}]) for resources in (tasks, tags))
        create: list[Callable[[], Awaitable[Response]]] = [
            lambda: write_bulk(self._owner, *(create_item(text) for _ in range(self._random.randint(1, 12))))
        ]
        change: list[Callable[[], Awaitable[Response]]] = [
            lambda: write_bulk(self._owner, *(update_item(task, title=text) for task in tasks[:8])),
            lambda: write_bulk(self._owner, create_item(text), *map(delete_item, tasks[:3])),
            lambda: client.post("/tags", json={"name": text}),
            lambda: client.put(f"/tags/{tag['id']}", json={"name": text}),
            lambda: client.request("DELETE", f"/tags/{tag['id']}"),
            lambda: client.patch(f"/tasks/{task['id']}", json={"title": text}),
            lambda: client.post(f"/tasks/{task['id']}/tags/{tag['id']}"),
        ]
        write = self._random.choice(create if len(tasks) < 4 else create + change)
        return await write()


def comparable(copy: Copy) -> Comparable:
    tags = {id_: tag["name"] for id_, tag in copy.resources["tag"].items()}
    tasks = {
        id_: {"title": task["title"], "tags": sorted({tag["id"] for tag in task["tags"]} & tags.keys())}
        for id_, task in copy.resources["task"].items()
    }
    return tasks, tags


def replay(log: list[Json], seq: int) -> Comparable:
    """Return the state of the server after the change with this number, from the log."""
    state: dict[str, dict[int, dict[str, Any]]] = {"task": {}, "tag": {}}
    for change in log:
        if change["seq"] > seq:
            break
        resources = state[change["type"]]
        if change["action"] == "delete":
            del resources[change["id"]]
        else:
            resources[change["id"]] = resources.get(change["id"], {"tags": []}) | change["after"]
    tags = state["tag"]
    tasks = {
        id_: {"title": task["title"], "tags": sorted({*task["tags"]} & tags.keys())}
        for id_, task in state["task"].items()
    }
    return tasks, {id_: tag["name"] for id_, tag in tags.items()}


def differences(states: Mapping[int, Comparable], log: list[Json]) -> list[int]:
    """Return the numbers at which a copy differs from the state of the server."""
    return [seq for seq, state in states.items() if state != replay(log, seq)]


@pytest.mark.spec("SYN-004")
@pytest.mark.parametrize("seed", range(3))
async def test_copy_without_further_pages_is_a_state_of_the_server(
    ada: Person, make_task: Make, make_tag: Make, connection: asyncpg.Connection, seed: int
) -> None:
    source = random.Random(seed)
    await make_tag(ada)
    await make_task(ada)
    writers = asyncio.gather(*(Writer(ada, name, random.Random(f"{seed} {name}")).run() for name in ("one", "two")))
    states: dict[int, Comparable] = {}
    copy, full_syncs, signer = Copy(), 0, TokenSigner(SECRET)

    while not writers.done():
        page = await copy.read_page(ada, limit=source.choice([1, 2, 3, 5, 100]))
        if copy.is_consistent:
            states[read_token(signer, ada.id, page["next"]).seq] = comparable(copy)
            if source.random() < 0.1:
                copy, full_syncs = Copy(), full_syncs + 1
        await asyncio.sleep(source.choice([0, 0, 0.02]))
    await writers
    await copy.update(ada)

    log = await read_log(connection, ada)
    assert len(states) > 1
    assert len({change["batch"] for change in log}) < len(log)
    assert differences(states, log) == []
    await assert_equal(copy, ada)

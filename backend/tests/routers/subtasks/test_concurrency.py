"""Moves, creates and deletions at once leave a tree, and lose no task."""

import asyncio

import asyncpg
import pytest
from httpx import AsyncClient

from tests.routers.projects.test_concurrency import DELETED_WITHOUT_LOG
from tests.routers.subtasks.support import assert_sound, make_chain
from tests.support import Json, Make, Person

ROUNDS = 10


@pytest.mark.spec("SUB-005")
@pytest.mark.parametrize("by", ["patch", "move"])
async def test_two_moves_at_once_make_no_cycle(
    ada: Person, elsewhere: AsyncClient, make_task: Make, connection: asyncpg.Connection, by: str
) -> None:
    for _ in range(ROUNDS):
        first, second = [await make_chain(make_task, ada, titles) for titles in ("ab", "cd")]

        async def put(client: AsyncClient, task: Json, parent: Json) -> int:
            path, body = f"/tasks/{task['id']}", {"parent_id": parent["id"]}
            request = client.patch(path, json=body) if by == "patch" else client.post(f"{path}/move", json=body)
            return (await request).status_code

        statuses = await asyncio.gather(put(ada.client, first[0], second[1]), put(elsewhere, second[0], first[1]))

        assert sorted(statuses) == [200, 400]
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-004")
async def test_two_moves_at_once_make_no_eleventh_level(
    ada: Person, elsewhere: AsyncClient, make_task: Make, connection: asyncpg.Connection
) -> None:
    for _ in range(ROUNDS):
        top, middle, bottom = [await make_chain(make_task, ada, "abcd") for _ in range(3)]

        responses = await asyncio.gather(
            ada.client.patch(f"/tasks/{middle[0]['id']}", json={"parent_id": top[3]["id"]}),
            elsewhere.patch(f"/tasks/{bottom[0]['id']}", json={"parent_id": middle[3]["id"]}),
        )

        assert sorted(response.status_code for response in responses) == [200, 400]
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-029")
@pytest.mark.parametrize("children", ["delete", "keep"])
async def test_subtask_that_is_created_while_its_parent_is_deleted(
    ada: Person, elsewhere: AsyncClient, make_task: Make, connection: asyncpg.Connection, children: str
) -> None:
    for _ in range(ROUNDS):
        parent = await make_task(ada)

        deleted, created = await asyncio.gather(
            elsewhere.delete(f"/tasks/{parent['id']}", params={"children": children}),
            ada.client.post("/tasks", json={"title": "b", "parent_id": parent["id"]}),
        )

        assert deleted.status_code == 204
        assert created.status_code in {201, 404}
    assert await connection.fetchval(DELETED_WITHOUT_LOG, ada.id) == 0
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-029")
async def test_subtask_that_is_created_while_its_parent_moves(
    ada: Person, elsewhere: AsyncClient, project: Json, make_task: Make, connection: asyncpg.Connection
) -> None:
    for _ in range(ROUNDS):
        parent = await make_task(ada)

        responses = await asyncio.gather(
            elsewhere.patch(f"/tasks/{parent['id']}", json={"project_id": project["id"]}),
            ada.client.post("/tasks", json={"title": "b", "parent_id": parent["id"]}),
        )

        assert [response.status_code for response in responses] == [200, 201]
    await assert_sound(connection, ada)

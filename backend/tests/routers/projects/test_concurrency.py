"""Writes of tasks and of their project at once leave a state that the writes in some order would leave."""

import asyncio

import asyncpg
import pytest
from httpx import AsyncClient

from tests.routers.projects.support import titles_of
from tests.support import Json, Make, Person

ROUNDS = 10
COUNT_WRONG = """
SELECT count(*) FROM tasks JOIN projects USING (user_id)
WHERE projects.id = tasks.project_id AND projects.archived <> tasks.archived AND user_id = $1
"""
DELETED_WITHOUT_LOG = """
SELECT count(*) FROM changes AS created WHERE user_id = $1 AND type = 'task' AND action = 'create'
AND NOT EXISTS (SELECT FROM tasks WHERE tasks.user_id = created.user_id AND tasks.id = created.id)
AND NOT EXISTS (SELECT FROM changes AS deleted WHERE deleted.user_id = created.user_id AND deleted.type = 'task'
                AND deleted.id = created.id AND deleted.action = 'delete')
"""


@pytest.mark.spec("PRJ-028")
@pytest.mark.parametrize("children", ["delete", "keep"])
async def test_tasks_that_come_into_a_project_during_its_deletion(
    ada: Person,
    elsewhere: AsyncClient,
    make_project: Make,
    make_task: Make,
    connection: asyncpg.Connection,
    children: str,
) -> None:
    for _ in range(ROUNDS):
        project = await make_project(ada)
        task = await make_task(ada, title="moved")
        body: Json = {"project_id": project["id"]}

        responses = await asyncio.gather(
            ada.client.post("/tasks", json={"title": "new"} | body),
            elsewhere.delete(f"/projects/{project['id']}", params={"children": children}),
            ada.client.patch(f"/tasks/{task['id']}", json=body),
            ada.client.post(f"/tasks/{task['id']}/move", json=body),
        )

        statuses = [response.status_code for response in responses]
        assert statuses[1] == 204
        assert {statuses[0], statuses[2], statuses[3]} <= {200, 201, 404}
    assert await connection.fetchval(DELETED_WITHOUT_LOG, ada.id) == 0
    assert len(await titles_of(ada, project="none", limit=100)) == len(await titles_of(ada, archived="all", limit=100))


@pytest.mark.spec("PRJ-028")
async def test_tasks_that_come_into_a_project_while_it_is_archived(
    ada: Person, elsewhere: AsyncClient, project: Json, make_task: Make, connection: asyncpg.Connection
) -> None:
    for number in range(ROUNDS):
        task = await make_task(ada)
        body: Json = {"project_id": project["id"]}

        responses = await asyncio.gather(
            ada.client.post("/tasks", json={"title": "new"} | body),
            elsewhere.patch(f"/projects/{project['id']}", json={"archived": number % 2 == 0}),
            ada.client.patch(f"/tasks/{task['id']}", json=body),
            ada.client.post("/tasks/bulk", json={"items": [{"action": "create", "task": {"title": "x"} | body}]}),
        )

        assert {response.status_code for response in responses} <= {200, 201}
        assert await connection.fetchval(COUNT_WRONG, ada.id) == 0

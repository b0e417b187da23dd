"""Trees of tasks."""

from typing import Any

import asyncpg
from httpx import Response

from tests.routers.projects.support import list_tasks
from tests.support import Json, Make, Person

WRONG_PLACES = """
SELECT count(*) FROM tasks AS child
JOIN tasks AS parent ON parent.user_id = child.user_id AND parent.id = child.parent_id
WHERE child.user_id = $1 AND (parent.project_id, parent.section_id, parent.archived)
    IS DISTINCT FROM (child.project_id, child.section_id, child.archived)
"""
"""The subtasks that are elsewhere than their parents."""
DEEPEST = """
WITH RECURSIVE tree AS (
    SELECT id, 1 AS level FROM tasks WHERE user_id = $1 AND parent_id IS NULL
    UNION ALL
    SELECT child.id, tree.level + 1 FROM tasks AS child JOIN tree ON child.parent_id = tree.id WHERE child.user_id = $1
)
SELECT coalesce(max(level), 0) AS levels, count(*) = (SELECT count(*) FROM tasks WHERE user_id = $1) AS is_whole
FROM tree
"""
"""The number of levels, and whether each task can be reached from the top level."""


async def make_chain(make_task: Make, owner: Person, titles: str, **fields: object) -> list[Json]:
    """Create a task for each letter, each as a subtask of the one before; `fields` are those of the first."""
    tasks: list[Json] = []
    for title in titles:
        above = {"parent_id": tasks[-1]["id"]} if tasks else fields
        tasks.append(await make_task(owner, title=title, **above))
    return tasks


async def change(owner: Person, task: Json, **fields: object) -> Response:
    """Change a task."""
    return await owner.client.patch(f"/tasks/{task['id']}", json=fields)


async def move(owner: Person, task: Json, **place: object) -> Response:
    """Move a task."""
    return await owner.client.post(f"/tasks/{task['id']}/move", json=place)


async def delete(owner: Person, task: Json, **query: Any) -> Response:
    """Delete a task."""
    response = await owner.client.delete(f"/tasks/{task['id']}", params=query)
    assert response.status_code == 204, response.text
    return response


async def tree_of(owner: Person, **query: Any) -> str:
    """Return the titles of all tasks in their order, with the subtasks of each in parentheses, such as `a(b c)`."""
    tasks = await list_tasks(owner, archived="all", **query)
    ids = {task["id"] for task in tasks}

    def shown(parent_id: int | None) -> str:
        parts = []
        for task in tasks:
            above = task["parent_id"] if task["parent_id"] in ids else None
            if above == parent_id:
                below = shown(task["id"])
                parts.append(f"{task['title']}({below})" if below else task["title"])
        return " ".join(parts)

    return shown(None)


async def assert_sound(connection: asyncpg.Connection, owner: Person) -> None:
    """Check that each subtask is where its parent is, and that the tree has no cycle and at most 10 levels."""
    assert await connection.fetchval(WRONG_PLACES, owner.id) == 0
    row = await connection.fetchrow(DEEPEST, owner.id)
    assert row is not None
    assert row["is_whole"]
    assert row["levels"] <= 10

"""Deletion of tasks."""

import asyncio

import pytest

from tests.routers.tasks.support import UNKNOWN_ID, get_task
from tests.support import Make, Person, assert_error


@pytest.mark.spec("TSK-018")
async def test_delete_returns_204_without_content(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await ada.client.delete(f"/tasks/{task['id']}")

    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.spec("TSK-018")
async def test_deleted_task_returns_404(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    await ada.client.delete(f"/tasks/{task['id']}")

    assert_error(await ada.client.get(f"/tasks/{task['id']}"), 404, "TASK_NOT_FOUND")


@pytest.mark.spec("TSK-019")
async def test_delete_of_unknown_task_returns_404(ada: Person) -> None:
    response = await ada.client.delete(f"/tasks/{UNKNOWN_ID}")

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


@pytest.mark.spec("TSK-019")
async def test_concurrent_deletes_succeed_once(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    responses = await asyncio.gather(*(ada.client.delete(f"/tasks/{task['id']}") for _ in range(5)))

    assert sorted(response.status_code for response in responses) == [204, 404, 404, 404, 404]


@pytest.mark.spec("TSK-020")
async def test_delete_of_another_users_task_returns_404(ada: Person, bob: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await bob.client.delete(f"/tasks/{task['id']}")

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")
    assert await get_task(ada, task["id"]) == task

"""Tags of tasks: add, remove, `updated_at` and deletion."""

from datetime import datetime

import asyncpg
import pytest

from tests.routers.task_tags.support import SendTag, add_tag, remove_tag
from tests.routers.tasks.support import UNKNOWN_ID, get_task
from tests.support import Json, Make, Person, assert_error


def get_updated_at(task: Json) -> datetime:
    """Return `updated_at` as a datetime."""
    return datetime.fromisoformat(task["updated_at"])


# Add


@pytest.mark.spec("ASC-001")
async def test_add_returns_the_task_with_the_tag(ada: Person, task: Json, make_tag: Make) -> None:
    tag = await make_tag(ada, name="home", color="#FF5733")

    response = await add_tag(ada, task["id"], tag["id"])

    assert response.status_code == 201
    assert response.json()["tags"] == [{"id": tag["id"], "name": "home", "color": "#FF5733"}]


@pytest.mark.spec("ASC-001")
async def test_add_returns_the_stored_task(ada: Person, tagged_task: Json) -> None:
    assert tagged_task == await get_task(ada, tagged_task["id"])


@pytest.mark.spec("ASC-001")
async def test_tags_are_ordered_by_name(ada: Person, task: Json, make_tag: Make) -> None:
    for name in ("home", "Garden", "attic"):
        await add_tag(ada, task["id"], (await make_tag(ada, name=name))["id"])

    assert [tag["name"] for tag in (await get_task(ada, task["id"]))["tags"]] == ["attic", "Garden", "home"]


async def test_tag_can_be_added_to_many_tasks(ada: Person, tag: Json, make_task: Make) -> None:
    tasks = [await make_task(ada) for _ in range(3)]

    responses = [await add_tag(ada, task["id"], tag["id"]) for task in tasks]

    assert [response.status_code for response in responses] == [201, 201, 201]


@pytest.mark.spec("ASC-002")
async def test_second_add_returns_200(ada: Person, tagged_task: Json, tag: Json) -> None:
    response = await add_tag(ada, tagged_task["id"], tag["id"])

    assert response.status_code == 200
    assert response.json() == tagged_task


@pytest.mark.spec("ASC-003")
async def test_add_of_unknown_tag_returns_404(ada: Person, task: Json) -> None:
    response = await add_tag(ada, task["id"], UNKNOWN_ID)

    assert_error(response, 404, "TAG_NOT_FOUND", "Tag not found")


@pytest.mark.spec("ASC-004")
async def test_add_to_unknown_task_returns_404(ada: Person, tag: Json) -> None:
    response = await add_tag(ada, UNKNOWN_ID, tag["id"])

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


@pytest.mark.spec("ASC-005")
async def test_add_of_another_users_tag_returns_404(ada: Person, bob: Person, task: Json, make_tag: Make) -> None:
    bobs_tag = await make_tag(bob)

    response = await add_tag(ada, task["id"], bobs_tag["id"])

    assert_error(response, 404, "TAG_NOT_FOUND", "Tag not found")
    assert await get_task(ada, task["id"]) == task


async def test_add_to_another_users_task_returns_404(ada: Person, bob: Person, task: Json, make_tag: Make) -> None:
    bobs_tag = await make_tag(bob)

    response = await add_tag(bob, task["id"], bobs_tag["id"])

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")
    assert await get_task(ada, task["id"]) == task


async def test_another_user_cannot_add_a_tag(bob: Person, task: Json, tag: Json) -> None:
    response = await add_tag(bob, task["id"], tag["id"])

    assert response.status_code == 404


# Remove


@pytest.mark.spec("ASC-006")
async def test_remove_returns_204_without_content(ada: Person, tagged_task: Json, tag: Json) -> None:
    response = await remove_tag(ada, tagged_task["id"], tag["id"])

    assert (response.status_code, response.content) == (204, b"")
    assert (await get_task(ada, tagged_task["id"]))["tags"] == []


@pytest.mark.spec("ASC-006")
async def test_remove_keeps_other_tags(ada: Person, tagged_task: Json, tag: Json, make_tag: Make) -> None:
    other_tag = await make_tag(ada)
    await add_tag(ada, tagged_task["id"], other_tag["id"])

    await remove_tag(ada, tagged_task["id"], tag["id"])

    assert [linked_tag["id"] for linked_tag in (await get_task(ada, tagged_task["id"]))["tags"]] == [other_tag["id"]]


@pytest.mark.spec("ASC-006")
async def test_removed_tag_still_exists(ada: Person, tagged_task: Json, tag: Json) -> None:
    await remove_tag(ada, tagged_task["id"], tag["id"])

    assert [existing_tag["id"] for existing_tag in (await ada.client.get("/tags")).json()] == [tag["id"]]


@pytest.mark.spec("ASC-007")
async def test_remove_of_an_absent_tag_returns_204(ada: Person, task: Json, tag: Json) -> None:
    response = await remove_tag(ada, task["id"], tag["id"])

    assert (response.status_code, response.content) == (204, b"")


async def test_remove_of_unknown_tag_returns_404(ada: Person, task: Json) -> None:
    response = await remove_tag(ada, task["id"], UNKNOWN_ID)

    assert_error(response, 404, "TAG_NOT_FOUND", "Tag not found")


async def test_remove_from_unknown_task_returns_404(ada: Person, tag: Json) -> None:
    response = await remove_tag(ada, UNKNOWN_ID, tag["id"])

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


async def test_remove_of_another_users_tag_returns_404(ada: Person, bob: Person, task: Json, make_tag: Make) -> None:
    bobs_tag = await make_tag(bob)

    response = await remove_tag(ada, task["id"], bobs_tag["id"])

    assert_error(response, 404, "TAG_NOT_FOUND", "Tag not found")


async def test_remove_from_another_users_task_returns_404(bob: Person, tagged_task: Json, make_tag: Make) -> None:
    bobs_tag = await make_tag(bob)

    response = await remove_tag(bob, tagged_task["id"], bobs_tag["id"])

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


async def test_another_user_cannot_remove_a_tag(ada: Person, bob: Person, tagged_task: Json, tag: Json) -> None:
    response = await remove_tag(bob, tagged_task["id"], tag["id"])

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")
    assert await get_task(ada, tagged_task["id"]) == tagged_task


# updated_at


async def test_add_advances_updated_at(ada: Person, task: Json, tag: Json) -> None:
    response = await add_tag(ada, task["id"], tag["id"])

    assert get_updated_at(response.json()) > get_updated_at(task)
    assert response.json()["created_at"] == task["created_at"]


async def test_second_add_keeps_updated_at(ada: Person, tagged_task: Json, tag: Json) -> None:
    await add_tag(ada, tagged_task["id"], tag["id"])

    assert (await get_task(ada, tagged_task["id"]))["updated_at"] == tagged_task["updated_at"]


async def test_remove_advances_updated_at(ada: Person, tagged_task: Json, tag: Json) -> None:
    await remove_tag(ada, tagged_task["id"], tag["id"])

    assert get_updated_at(await get_task(ada, tagged_task["id"])) > get_updated_at(tagged_task)


async def test_remove_of_an_absent_tag_keeps_updated_at(ada: Person, task: Json, tag: Json) -> None:
    await remove_tag(ada, task["id"], tag["id"])

    assert (await get_task(ada, task["id"]))["updated_at"] == task["updated_at"]


async def test_other_tasks_stay_unchanged(ada: Person, tag: Json, make_task: Make) -> None:
    task, other_task = await make_task(ada), await make_task(ada)
    await add_tag(ada, other_task["id"], tag["id"])
    unchanged_task = await get_task(ada, other_task["id"])

    await add_tag(ada, task["id"], tag["id"])
    await remove_tag(ada, task["id"], tag["id"])

    assert await get_task(ada, other_task["id"]) == unchanged_task


# Deletion


@pytest.mark.spec("ASC-008")
async def test_task_deletion_removes_the_links(ada: Person, tagged_task: Json, connection: asyncpg.Connection) -> None:
    await ada.client.delete(f"/tasks/{tagged_task['id']}")

    assert await connection.fetchval("SELECT count(*) FROM task_tag_link WHERE user_id = $1", ada.id) == 0


@pytest.mark.spec("ASC-008", "TSK-018")
async def test_task_deletion_keeps_the_tags(ada: Person, tagged_task: Json, tag: Json) -> None:
    await ada.client.delete(f"/tasks/{tagged_task['id']}")

    assert (await ada.client.get("/tags")).json() == [tag]


@pytest.mark.spec("ASC-009")
async def test_tag_deletion_removes_the_tag_from_its_tasks(ada: Person, tagged_task: Json, tag: Json) -> None:
    await ada.client.delete(f"/tags/{tag['id']}")

    assert (await get_task(ada, tagged_task["id"]))["tags"] == []


@pytest.mark.spec("ASC-009")
async def test_tag_deletion_removes_the_links(
    ada: Person, tagged_task: Json, tag: Json, connection: asyncpg.Connection
) -> None:
    await ada.client.delete(f"/tags/{tag['id']}")

    link_count = await connection.fetchval("SELECT count(*) FROM task_tag_link WHERE task_id = $1", tagged_task["id"])
    assert link_count == 0


# Ids


@pytest.mark.parametrize("send", [add_tag, remove_tag])
@pytest.mark.parametrize("impossible_id", ["0", "-1", "9223372036854775808", "1" + 30 * "0"])
async def test_impossible_id_returns_404(ada: Person, task: Json, tag: Json, send: SendTag, impossible_id: str) -> None:
    task_response = await send(ada, impossible_id, tag["id"])
    tag_response = await send(ada, task["id"], impossible_id)

    assert_error(task_response, 404, "TASK_NOT_FOUND", "Task not found")
    assert_error(tag_response, 404, "TAG_NOT_FOUND", "Tag not found")

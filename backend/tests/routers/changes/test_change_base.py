"""Writes of a client that was offline name the last change that the client knew."""

import asyncio

import asyncpg
import pytest
from httpx import Response

from tests.routers.task_bulk.support import delete_item, update_item, write_items
from tests.support import Json, Make, Person, assert_error


def seq_of(response: Response) -> int:
    return int(response.headers["Change-Seq"])


async def patch(owner: Person, task: Json, base: object = None, **fields: object) -> Response:
    headers = {} if base is None else {"Change-Base": str(base)}
    return await owner.client.patch(f"/tasks/{task['id']}", json=fields, headers=headers)


@pytest.fixture
async def task(ada: Person, make_task: Make) -> Json:
    return await make_task(ada)


@pytest.fixture
async def base(ada: Person, task: Json) -> int:
    """Return the number of a change of the task."""
    return seq_of(await patch(ada, task, priority="low"))


@pytest.mark.spec("BAS-001")
async def test_field_that_was_changed_after_the_base_conflicts(ada: Person, task: Json, base: int) -> None:
    later = (await patch(ada, task, title="Theirs", priority="high")).json()

    response = await patch(ada, task, base, title="Ours", priority="medium", completed=True)

    assert_error(response, 409, "FIELD_CONFLICT")
    assert [error["field"] for error in response.json()["errors"]] == ["title", "priority"]
    assert response.json()["current"] == later
    assert response.headers["ETag"] == (await ada.client.get(f"/tasks/{task['id']}")).headers["ETag"]
    assert (await ada.client.get(f"/tasks/{task['id']}")).json() == later


@pytest.mark.spec("BAS-002")
async def test_changes_of_different_fields_are_both_kept(ada: Person, task: Json, base: int) -> None:
    await patch(ada, task, title="Theirs")

    response = await patch(ada, task, base, completed=True)

    assert response.status_code == 200
    assert (response.json()["title"], response.json()["completed"]) == ("Theirs", True)


@pytest.mark.spec("BAS-002")
async def test_value_that_the_field_has_already_is_no_conflict(ada: Person, task: Json, base: int) -> None:
    await patch(ada, task, title="Same")

    response = await patch(ada, task, base, title="Same")

    assert response.status_code == 200
    assert "Change-Seq" not in response.headers


@pytest.mark.spec("BAS-001", "BAS-002")
async def test_own_later_change_is_named_by_a_later_base(ada: Person, task: Json) -> None:
    base = seq_of(await patch(ada, task, title="First"))

    response = await patch(ada, task, base, title="Second")

    assert response.json()["title"] == "Second"


@pytest.mark.spec("BAS-003")
@pytest.mark.parametrize("noun", ["tasks", "tags"])
async def test_deletion_conflicts_with_a_later_change(ada: Person, task: Json, make_tag: Make, noun: str) -> None:
    tag = await make_tag(ada)
    path = f"/{noun}/{(task if noun == 'tasks' else tag)['id']}"
    base = seq_of(await ada.client.post("/tasks", json={"title": "Other"}))
    changed = {"title": "Theirs", "priority": "low", "completed": False} if noun == "tasks" else {"name": "theirs"}
    await ada.client.put(path, json=changed)

    response = await ada.client.delete(path, headers={"Change-Base": str(base)})

    assert_error(response, 409, "FIELD_CONFLICT")
    assert (await ada.client.get(path)).status_code == 200
    assert (await ada.client.delete(path, headers={"Change-Base": str(base + 1)})).status_code == 204


@pytest.mark.spec("BAS-001")
async def test_replacement_of_a_tag_conflicts(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada, name="home")
    base = seq_of(await ada.client.post("/tasks", json={"title": "Other"}))
    await ada.client.put(f"/tags/{tag['id']}", json={"name": "house"})

    response = await ada.client.put(f"/tags/{tag['id']}", json={"name": "flat"}, headers={"Change-Base": str(base)})

    assert_error(response, 409, "FIELD_CONFLICT")
    assert [error["field"] for error in response.json()["errors"]] == ["name"]


@pytest.mark.spec("BAS-003")
async def test_added_tag_conflicts_with_a_deletion(ada: Person, task: Json, base: int, make_tag: Make) -> None:
    tag = await make_tag(ada)
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    response = await ada.client.delete(f"/tasks/{task['id']}", headers={"Change-Base": str(base)})

    assert [error["field"] for error in response.json()["errors"]] == ["tags"]


@pytest.mark.spec("BAS-004")
async def test_bulk_items_have_bases(ada: Person, task: Json, base: int, make_task: Make) -> None:
    other_task = await make_task(ada)
    later = (await patch(ada, task, title="Theirs")).json()

    conflicting, based, future = await write_items(
        ada,
        update_item(task, title="Ours") | {"base": base},
        delete_item(other_task) | {"base": base + 1},
        update_item(await make_task(ada), title="Early") | {"base": base + 1000},
    )

    assert (conflicting["status"], conflicting["error"]["code"]) == (409, "FIELD_CONFLICT")
    assert [error["field"] for error in conflicting["error"]["errors"]] == ["changes.title"]
    assert conflicting["task"] == later
    assert based["status"] == 204
    assert (future["status"], future["error"]["code"]) == (400, "INVALID_CHANGE_BASE")


@pytest.mark.spec("BAS-005")
@pytest.mark.parametrize("base", ["", "-1", "01", "1.5", "abc", "9" * 30, "1, 2", "1000000"])
async def test_base_that_is_no_number_or_from_the_future_is_rejected(ada: Person, task: Json, base: str) -> None:
    response = await patch(ada, task, base, title="Ours")

    assert_error(response, 400, "INVALID_CHANGE_BASE")
    assert response.json()["errors"][0]["field"] == "Change-Base"


@pytest.mark.spec("BAS-001")
async def test_of_two_concurrent_writes_with_one_base_the_first_is_kept(ada: Person, task: Json, base: int) -> None:
    responses = await asyncio.gather(*(patch(ada, task, base, title=f"{number}") for number in range(8)))

    assert sorted(response.status_code for response in responses) == [200] + [409] * 7


@pytest.mark.spec("BAS-006")
async def test_every_changed_field_conflicts_when_the_log_does_not_reach_back(
    ada: Person, task: Json, base: int, connection: asyncpg.Connection
) -> None:
    await connection.execute("UPDATE change_clocks SET swept_seq = $2 WHERE user_id = $1", ada.id, base + 1)

    response = await patch(ada, task, base, title="Ours", priority="low")

    assert_error(response, 409, "FIELD_CONFLICT")
    assert [error["field"] for error in response.json()["errors"]] == ["title"]

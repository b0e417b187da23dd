"""Lists by parent, and the numbers of subtasks."""

import pytest

from tests.routers.projects.support import list_tasks, read, titles_of
from tests.routers.subtasks.support import change, delete, make_chain, move
from tests.routers.task_bulk.support import update_item, write_bulk
from tests.support import Json, Make, Person, assert_error


async def counts_of(owner: Person, task: Json) -> tuple[int, int]:
    """Return the numbers of subtasks of a task: all, and the completed ones."""
    counts = (await read(owner, f"/tasks/{task['id']}")).get("subtask_counts", {"total": 0, "completed": 0})
    return counts["total"], counts["completed"]


@pytest.mark.spec("SUB-010")
async def test_list_by_parent_has_its_direct_subtasks(ada: Person, bob: Person, make_task: Make) -> None:
    a, _, _ = await make_chain(make_task, ada, "abc")
    await make_task(ada, title="d", parent_id=a["id"], completed=True)
    foreign = (await make_chain(make_task, bob, "xy"))[0]

    assert await titles_of(ada, parent=a["id"]) == ["b", "d"]
    assert await titles_of(ada, parent="none") == ["a"]
    assert await titles_of(ada, parent=a["id"], status="pending") == ["b"]
    assert await titles_of(ada, parent=a["id"], filter="completed") == ["d"]
    assert await titles_of(ada) == ["a", "b", "c", "d"]
    for unknown in (foreign["id"], 2**62, "a", "9" * 30):
        assert await titles_of(ada, parent=unknown) == []


@pytest.mark.spec("SUB-010")
@pytest.mark.parametrize("sort", ["created_at", "-due_date", "title", "position", "-priority"])
async def test_list_by_parent_has_pages_and_orders(ada: Person, make_task: Make, sort: str) -> None:
    parent = await make_task(ada)
    for number in range(5):
        await make_task(ada, title=f"{number}", parent_id=parent["id"])
    query = {"parent": parent["id"], "sort": sort, "limit": 2}
    first = (await ada.client.get("/tasks", params=query)).json()

    second = (await ada.client.get("/tasks", params=query | {"cursor": first["next_cursor"]})).json()

    paged = (await ada.client.get("/tasks", params=query | {"page": 2})).json()
    assert first["total"] == 5
    assert [task["id"] for task in second["items"]] == [task["id"] for task in paged["items"]]


@pytest.mark.spec("SUB-011")
async def test_list_includes_the_numbers_of_subtasks(ada: Person, make_task: Make) -> None:
    a, _, _ = await make_chain(make_task, ada, "abc")
    await make_task(ada, title="d", parent_id=a["id"], completed=True)

    for query in ({}, {"page": 1, "total": False}, {"filter": "pending | completed"}, {"parent": "none"}):
        tasks = await list_tasks(ada, include="subtask_counts", **query)
        counts = {
            task["title"]: (task["subtask_counts"]["total"], task["subtask_counts"]["completed"]) for task in tasks
        }
        assert counts == {"a": (2, 1), "b": (1, 0), "c": (0, 0), "d": (0, 0)} if len(tasks) > 1 else {"a": (2, 1)}
    assert all("subtask_counts" not in task for task in await list_tasks(ada))


@pytest.mark.spec("SUB-011")
async def test_unknown_include_is_400(ada: Person) -> None:
    assert_error(await ada.client.get("/tasks", params={"include": "tags"}), 400, "INVALID_INCLUDE")


@pytest.mark.spec("SUB-012")
async def test_task_has_the_numbers_of_its_direct_subtasks(ada: Person, make_task: Make) -> None:
    a, b, c = await make_chain(make_task, ada, "abc")

    assert [await counts_of(ada, task) for task in (a, b, c)] == [(1, 0), (1, 0), (0, 0)]
    await change(ada, b, completed=True)
    assert await counts_of(ada, a) == (1, 1)
    await move(ada, c, parent_id=a["id"])
    assert [await counts_of(ada, task) for task in (a, b)] == [(2, 1), (0, 0)]
    await delete(ada, b)
    assert await counts_of(ada, a) == (1, 0)


@pytest.mark.spec("SUB-012")
async def test_archived_subtasks_count(ada: Person, project: Json, make_task: Make) -> None:
    a, _ = await make_chain(make_task, ada, "ab", project_id=project["id"])
    await ada.client.patch(f"/projects/{project['id']}", json={"archived": True})

    assert await counts_of(ada, a) == (1, 0)


@pytest.mark.spec("SUB-013")
async def test_changed_number_is_no_304(ada: Person, make_task: Make) -> None:
    a, b = await make_chain(make_task, ada, "ab")
    path = f"/tasks/{a['id']}"
    etag = (await ada.client.get(path)).headers["ETag"]

    unchanged = await ada.client.get(path, headers={"If-None-Match": etag})
    await change(ada, b, completed=True)
    changed = await ada.client.get(path, headers={"If-None-Match": etag})

    assert (unchanged.status_code, changed.status_code) == (304, 200)
    assert changed.headers["ETag"] != etag
    assert changed.json()["version"] == 1
    assert changed.json()["subtask_counts"] == {"total": 1, "completed": 1}
    listed = await ada.client.get("/tasks", params={"include": "subtask_counts"})
    await change(ada, b, completed=False)
    again = await ada.client.get(
        "/tasks", params={"include": "subtask_counts"}, headers={"If-None-Match": listed.headers["ETag"]}
    )
    assert again.status_code == 200


@pytest.mark.spec("SUB-013")
async def test_if_match_compares_the_version_alone(ada: Person, make_task: Make) -> None:
    a, b = await make_chain(make_task, ada, "ab")
    path = f"/tasks/{a['id']}"
    etag = (await ada.client.get(path)).headers["ETag"]
    await change(ada, b, completed=True)

    changed = await ada.client.patch(path, json={"title": "A"}, headers={"If-Match": etag})
    late = await ada.client.patch(path, json={"title": "B"}, headers={"If-Match": etag})

    assert (changed.status_code, late.status_code) == (200, 412)
    current = (await ada.client.get(path)).headers["ETag"]
    assert_error(await ada.client.delete(path, headers={"If-Match": etag}), 412, "PRECONDITION_FAILED")
    assert (await ada.client.delete(path, headers={"If-Match": current})).status_code == 204


@pytest.mark.spec("SUB-012")
async def test_task_without_subtasks_is_what_its_write_returned(ada: Person, make_task: Make) -> None:
    a, b = await make_chain(make_task, ada, "ab")
    await delete(ada, b)

    assert await read(ada, f"/tasks/{a['id']}") == a


@pytest.mark.spec("SUB-013")
async def test_tag_of_a_task_without_subtasks_is_that_of_its_write(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    written = await change(ada, task, title="A")

    shown = await ada.client.get(f"/tasks/{task['id']}", headers={"If-None-Match": written.headers["ETag"]})

    assert shown.status_code == 304


@pytest.mark.spec("SUB-014")
async def test_numbers_of_subtasks_are_ignored_in_writes(ada: Person, make_task: Make) -> None:
    a, _ = await make_chain(make_task, ada, "ab")
    shown = await read(ada, f"/tasks/{a['id']}")
    claimed: Json = {"subtask_counts": {"total": 9, "completed": 9}}

    put = await ada.client.put(f"/tasks/{a['id']}", json=shown | claimed)
    patched = await change(ada, a, **claimed)
    bulk = await write_bulk(ada, update_item(a, **claimed))

    assert [response.status_code for response in (put, patched, bulk)] == [200, 200, 200]
    assert (await read(ada, f"/tasks/{a['id']}")) == shown

"""Bulk writes: results, atomicity, versions, identity and size."""

from uuid import uuid4

import pytest
from httpx import AsyncClient

from tests.routers.task_bulk.support import create_item, delete_item, list_titles, update_item, write_bulk, write_items
from tests.support import Json, Make, MakeToken, Person, RecordedApp, assert_error, authorize, make_client

# Results


@pytest.mark.spec("BLK-001")
async def test_items_are_processed_in_order(ada: Person, make_task: Make, make_tag: Make) -> None:
    old_task, deleted_task = await make_task(ada, description="Stays"), await make_task(ada)
    tag = await make_tag(ada)
    await ada.client.post(f"/tasks/{old_task['id']}/tags/{tag['id']}")

    response = await write_bulk(
        ada,
        create_item("B", priority="high"),
        update_item(old_task, title="C", due_day="2026-12-01"),
        delete_item(deleted_task),
        create_item("A"),
    )

    assert response.status_code == 200
    first_result, update_result, delete_result, second_result = response.json()["results"]
    assert [first_result["status"], update_result["status"], delete_result["status"], second_result["status"]] == [
        201,
        200,
        204,
        201,
    ]
    for result in (first_result, update_result, second_result):
        read_response = await ada.client.get(f"/tasks/{result['task']['id']}")
        assert read_response.json() == result["task"]
        assert result["error"] is None
    assert (first_result["task"]["title"], first_result["task"]["priority"], second_result["task"]["title"]) == (
        "B",
        "high",
        "A",
    )
    assert (update_result["task"]["description"], update_result["task"]["version"]) == (
        "Stays",
        old_task["version"] + 2,
    )
    assert [linked_tag["id"] for linked_tag in update_result["task"]["tags"]] == [tag["id"]]
    assert delete_result == {"status": 204, "task": None, "error": None}
    assert await list_titles(ada) == ["A", "B", "C"]


@pytest.mark.spec("BLK-001")
async def test_each_item_changes_its_own_task(ada: Person, make_task: Make) -> None:
    tasks = [await make_task(ada, title=f"Old {number}", description="Text") for number in range(20)]
    changes: list[Json] = [
        {"title": f"New {number}"} if number % 3 else {"description": None, "completed": True} for number in range(20)
    ]

    update_response = await write_bulk(
        ada, *(update_item(task, **change) for task, change in zip(tasks, changes, strict=True))
    )
    create_response = await write_bulk(ada, *(create_item(f"Task {number:03}") for number in range(200)))

    for task, change, result in zip(tasks, changes, update_response.json()["results"], strict=True):
        derived_fields = {name: result["task"][name] for name in ("updated_at", "completed_at")}
        expected_task = task | change | derived_fields | {"version": 2}
        assert result["task"] == expected_task
        assert result["task"]["updated_at"] > task["updated_at"]
    assert [result["task"]["title"] for result in create_response.json()["results"]] == [
        f"Task {number:03}" for number in range(200)
    ]


@pytest.mark.spec("BLK-001")
async def test_tasks_are_created_in_item_order(ada: Person) -> None:
    items = [
        create_item(f"Task {number:02}", **({"external_id": str(number)} if number % 3 else {})) for number in range(30)
    ]

    results = (await write_bulk(ada, *items)).json()["results"]

    expected_titles = [f"Task {number:02}" for number in range(30)]
    assert [result["task"]["title"] for result in results] == expected_titles
    tasks = (await ada.client.get("/tasks", params={"limit": 30})).json()["items"]
    assert [task["title"] for task in reversed(tasks)] == expected_titles


@pytest.mark.spec("BLK-001")
async def test_update_without_changes_keeps_the_task(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    [result] = (await write_bulk(ada, update_item(task))).json()["results"]

    assert result["task"] == task


# Atomic requests


@pytest.mark.spec("BLK-002")
async def test_one_failed_item_rolls_back_the_request(ada: Person, make_task: Make) -> None:
    task, deleted_task = await make_task(ada, title="Before"), await make_task(ada)
    await ada.client.delete(f"/tasks/{deleted_task['id']}")

    response = await write_bulk(ada, create_item("New"), update_item(task, title="After"), delete_item(deleted_task))

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")
    assert response.json()["errors"] == [
        {"field": "items.2", "detail": "Task not found", "code": "TASK_NOT_FOUND"},
    ]
    assert await list_titles(ada) == ["Before"]


@pytest.mark.spec("BLK-002")
async def test_problem_names_each_invalid_item_and_field(ada: Person) -> None:
    response = await write_bulk(
        ada, create_item(), create_item("", priority="urgent"), {"action": "create"}, {"action": "paint"}
    )

    assert_error(response, 400, "INVALID_TITLE")
    errors = [(error["field"], error["code"]) for error in response.json()["errors"]]
    assert errors == [
        ("items.1.task.title", "INVALID_TITLE"),
        ("items.1.task.priority", "INVALID_PRIORITY"),
        ("items.2.task", "VALIDATION_ERROR"),
        ("items.3.action", "VALIDATION_ERROR"),
    ]
    assert await list_titles(ada) == []


# Independent items


@pytest.mark.spec("BLK-003")
async def test_failed_items_do_not_prevent_other_items(ada: Person, bob: Person, make_task: Make) -> None:
    task, completed_task, bobs_task = await make_task(ada), await make_task(ada), await make_task(bob)
    await ada.client.patch(f"/tasks/{completed_task['id']}", json={"completed": True})

    results = await write_items(
        ada,
        create_item("New"),
        create_item(" "),
        update_item(bobs_task, title="Mine now"),
        delete_item(bobs_task),
        update_item(completed_task, version=1, title="Late"),
        update_item(task, title="Renamed"),
        {"action": "update", "id": task["id"]},
    )

    assert [result["status"] for result in results] == [201, 400, 404, 400, 412, 200, 422]
    assert [result["error"] and result["error"]["code"] for result in results] == [
        None,
        "INVALID_TITLE",
        "TASK_NOT_FOUND",
        "DUPLICATE_ITEM",
        "PRECONDITION_FAILED",
        None,
        "VALIDATION_ERROR",
    ]
    assert results[1]["error"]["errors"][0]["field"] == "task.title"
    assert (results[4]["task"]["completed"], results[4]["task"]["version"]) == (True, 2)
    assert await list_titles(ada) == ["New", "Renamed", "Water the plants"]
    assert (await bob.client.get(f"/tasks/{bobs_task['id']}")).json() == bobs_task


@pytest.mark.spec("BLK-003")
@pytest.mark.parametrize("task_id", [0, -1, 2**31, 2**63, 10**30])
async def test_impossible_id_returns_404(ada: Person, task_id: int) -> None:
    [result] = await write_items(ada, {"action": "delete", "id": task_id})

    assert (result["status"], result["task"], result["error"]["code"]) == (404, None, "TASK_NOT_FOUND")


@pytest.mark.spec("BLK-003", "BLK-005")
async def test_different_impossible_ids_are_no_duplicates(ada: Person) -> None:
    results = await write_items(ada, {"action": "delete", "id": 0}, {"action": "delete", "id": 2**63})

    assert [result["status"] for result in results] == [404, 404]


# Versions, duplicates and external ids


@pytest.mark.spec("BLK-004")
async def test_stale_version_is_rejected(ada: Person, make_task: Make) -> None:
    task, other_task = await make_task(ada), await make_task(ada)

    assert (
        await write_bulk(ada, update_item(task, version=1, title="Second"), delete_item(other_task, version=1))
    ).status_code == 200
    response = await write_bulk(ada, create_item("Never"), update_item(task, version=1, title="Third"))

    assert_error(response, 412, "PRECONDITION_FAILED")
    assert response.json()["errors"][0]["field"] == "items.1"
    assert response.json()["current"] == (await ada.client.get(f"/tasks/{task['id']}")).json()
    assert await list_titles(ada) == ["Second"]


@pytest.mark.spec("BLK-005")
async def test_two_items_for_one_task_are_rejected(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await write_bulk(ada, update_item(task, title="One"), delete_item(task))

    assert_error(response, 400, "DUPLICATE_ITEM")
    assert response.json()["errors"][0]["field"] == "items.1.id"
    assert await list_titles(ada) == ["Water the plants"]


@pytest.mark.spec("BLK-006")
async def test_external_id_identifies_one_task(ada: Person, make_task: Make) -> None:
    existing_task = await make_task(ada, title="Known", external_id="z")
    items = [
        create_item("B", external_id="b"),
        create_item("C"),
        create_item("A", external_id="a"),
        create_item("Twin", external_id="b"),
    ]

    first_results = (await write_bulk(ada, *items, create_item("Other", external_id="z"))).json()["results"]
    second_results = (await write_bulk(ada, *items)).json()["results"]

    assert [result["status"] for result in first_results] == [201, 201, 201, 200, 200]
    assert [result["task"]["title"] for result in first_results] == ["B", "C", "A", "B", "Known"]
    assert first_results[4]["task"] == existing_task
    assert [result["status"] for result in second_results] == [200, 201, 200, 200]
    assert await list_titles(ada) == ["A", "B", "C", "C", "Known"]


# Size


@pytest.mark.spec("BLK-007")
@pytest.mark.parametrize("count", [0, 1001])
async def test_size_outside_1_to_1000_is_rejected(ada: Person, count: int) -> None:
    response = await write_bulk(ada, *[create_item()] * count)

    assert_error(response, 400, "INVALID_BULK_SIZE", "A request takes 1 to 1000 items")
    assert response.json()["errors"][0]["field"] == "items"


@pytest.mark.spec("BLK-007")
@pytest.mark.parametrize(
    "body", [{}, {"items": None}, {"items": {}}, {"items": [create_item()], "atomic": "yes"}, {"items": [1]}, []]
)
async def test_invalid_body_is_rejected(ada: Person, body: object) -> None:
    assert_error(await ada.client.post("/tasks/bulk", json=body), 422, "VALIDATION_ERROR")


@pytest.mark.spec("BLK-007")
async def test_300_items_run_as_many_statements_as_3_items(
    ada: Person, recorded_app: RecordedApp, make_task: Make
) -> None:
    counts = []
    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        person = Person(ada.id, ada.email, client)
        for number in (1, 1, 100):
            items = [create_item() for _ in range(number)]
            items += [update_item(await make_task(ada), completed=True) for _ in range(number)]
            items += [delete_item(await make_task(ada)) for _ in range(number)]
            recorded_app.statements.clear()
            assert (await write_bulk(person, *items)).status_code == 200
            counts.append(len(recorded_app.statements))

    # In the first round, the driver also queries the types that it does not know yet.
    assert counts[1:] == [9, 9]


# Request


@pytest.mark.spec("BLK-009")
async def test_idempotency_key_replays_the_response(ada: Person) -> None:
    key = str(uuid4())

    first_response, replayed_response = [await write_bulk(ada, create_item(), key=key) for _ in range(2)]

    assert replayed_response.headers["Idempotency-Replayed"] == "true"
    assert replayed_response.json() == first_response.json()
    assert await list_titles(ada) == ["Water the plants"]


@pytest.mark.spec("BLK-009")
async def test_scope_tasks_write_is_required(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    body = {"items": [create_item()]}
    read_token, write_token = await make_token(ada, "tasks:read"), await make_token(ada, "tasks:write")

    rejected_response = await client.post("/tasks/bulk", json=body, headers=authorize(read_token["token"]))
    response = await client.post("/tasks/bulk", json=body, headers=authorize(write_token["token"]))

    assert_error(await client.post("/tasks/bulk", json=body), 401, "MISSING_TOKEN")
    assert_error(rejected_response, 403, "INSUFFICIENT_SCOPE")
    assert response.status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_other_methods_return_405(ada: Person, method: str) -> None:
    response = await ada.client.request(method, "/tasks/bulk", json={"title": "x"})

    assert_error(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["Allow"] == "POST"

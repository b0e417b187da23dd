"""Many writes of tasks in one request: all or nothing, or each on its own."""

import asyncio
import itertools
from uuid import uuid4

import asyncpg
import pytest
from httpx import AsyncClient, Response

from tests.support import (
    PASSWORD,
    Json,
    Make,
    MakeToken,
    Person,
    RecordedApp,
    assert_error,
    authorize,
    make_client,
    wait_for_lock_waiters,
)
from todo.services.tasks.bulk import VALIDATED_AT_ONCE, validate_items

ROUNDS = 10
"""How often a race is run, since not every run of it meets."""


def create(title: str = "Water the plants", **fields: object) -> Json:
    return {"action": "create", "task": {"title": title, **fields}}


def update(task: Json, version: int | None = None, **changes: object) -> Json:
    return {"action": "update", "id": task["id"], "version": version, "changes": changes}


def delete(task: Json, version: int | None = None) -> Json:
    return {"action": "delete", "id": task["id"], "version": version}


async def write(owner: Person, *items: Json, atomic: bool = True, key: str | None = None) -> Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await owner.client.post("/tasks/bulk", json={"atomic": atomic, "items": items}, headers=headers)


async def write_each(owner: Person, *items: Json) -> list[Json]:
    """Return what became of each of the items on its own."""
    response = await write(owner, *items, atomic=False)
    assert response.status_code == 200, response.text
    results: list[Json] = response.json()["results"]
    return results


async def titles(owner: Person) -> list[str]:
    listed = await owner.client.get("/tasks", params={"sort": "title", "limit": 100})
    return [task["title"] for task in listed.json()["items"]]


# What it does


@pytest.mark.spec("BLK-001")
async def test_creates_changes_and_deletes_in_the_order_of_the_items(
    ada: Person, make_task: Make, make_tag: Make
) -> None:
    old, gone = await make_task(ada, description="Stays"), await make_task(ada)
    tag = await make_tag(ada)
    await ada.client.post(f"/tasks/{old['id']}/tags/{tag['id']}")

    response = await write(
        ada, create("B", priority="high"), update(old, title="C", due_date="2026-12-01"), delete(gone), create("A")
    )

    assert response.status_code == 200
    first, changed, deleted, second = response.json()["results"]
    assert [first["status"], changed["status"], deleted["status"], second["status"]] == [201, 200, 204, 201]
    for result in (first, changed, second):
        read = await ada.client.get(f"/tasks/{result['task']['id']}")
        assert read.json() == result["task"]
        assert result["error"] is None
    assert (first["task"]["title"], first["task"]["priority"], second["task"]["title"]) == ("B", "high", "A")
    assert (changed["task"]["description"], changed["task"]["version"]) == ("Stays", old["version"] + 2)
    assert [carried["id"] for carried in changed["task"]["tags"]] == [tag["id"]]
    assert deleted == {"status": 204, "task": None, "error": None}
    assert await titles(ada) == ["A", "B", "C"]


@pytest.mark.spec("BLK-001")
async def test_gives_each_task_what_its_own_item_says(ada: Person, make_task: Make) -> None:
    tasks = [await make_task(ada, title=f"Old {number}", description="Text") for number in range(20)]
    changes: list[Json] = [
        {"title": f"New {n}"} if n % 3 else {"description": None, "completed": True} for n in range(20)
    ]

    changed = await write(ada, *(update(task, **change) for task, change in zip(tasks, changes, strict=True)))
    created = await write(ada, *(create(f"Task {number:03}") for number in range(200)))

    for task, change, result in zip(tasks, changes, changed.json()["results"], strict=True):
        expected = task | change | {"version": 2, "updated_at": result["task"]["updated_at"]}
        assert result["task"] == expected
        assert result["task"]["updated_at"] > task["updated_at"]
    assert [result["task"]["title"] for result in created.json()["results"]] == [f"Task {n:03}" for n in range(200)]


@pytest.mark.spec("BLK-001")
async def test_creates_in_the_order_of_the_items(ada: Person) -> None:
    items = [create(f"Task {n:02}", **({"external_id": str(n)} if n % 3 else {})) for n in range(30)]

    created = (await write(ada, *items)).json()["results"]

    expected = [f"Task {n:02}" for n in range(30)]
    assert [result["task"]["title"] for result in created] == expected
    newest_first = (await ada.client.get("/tasks", params={"limit": 30})).json()["items"]
    assert [task["title"] for task in reversed(newest_first)] == expected


@pytest.mark.spec("BLK-001")
async def test_leaves_a_task_alone_that_is_changed_in_nothing(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    [result] = (await write(ada, update(task))).json()["results"]

    assert result["task"] == task


# All or nothing


@pytest.mark.spec("BLK-002")
async def test_writes_nothing_when_one_item_cannot_be_done(ada: Person, make_task: Make) -> None:
    task, gone = await make_task(ada, title="Before"), await make_task(ada)
    await ada.client.delete(f"/tasks/{gone['id']}")

    response = await write(ada, create("New"), update(task, title="After"), delete(gone))

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")
    assert response.json()["errors"] == [
        {"field": "items.2", "detail": "Task not found", "code": "TASK_NOT_FOUND"},
    ]
    assert await titles(ada) == ["Before"]


@pytest.mark.spec("BLK-002")
async def test_names_each_item_and_field_at_fault(ada: Person) -> None:
    response = await write(ada, create(), create("", priority="urgent"), {"action": "create"}, {"action": "paint"})

    assert_error(response, 400, "INVALID_TITLE")
    lines = [(line["field"], line["code"]) for line in response.json()["errors"]]
    assert lines == [
        ("items.1.task.title", "INVALID_TITLE"),
        ("items.1.task.priority", "INVALID_PRIORITY"),
        ("items.2.task", "VALIDATION_ERROR"),
        ("items.3.action", "VALIDATION_ERROR"),
    ]
    assert await titles(ada) == []


# Each on its own


@pytest.mark.spec("BLK-003")
async def test_writes_what_can_be_written_and_tells_why_the_rest_was_not(
    ada: Person, bob: Person, make_task: Make
) -> None:
    mine, changed, his = await make_task(ada), await make_task(ada), await make_task(bob)
    await ada.client.patch(f"/tasks/{changed['id']}", json={"completed": True})

    results = await write_each(
        ada,
        create("New"),
        create(" "),
        update(his, title="Mine now"),
        delete(his),
        update(changed, version=1, title="Late"),
        update(mine, title="Renamed"),
        {"action": "update", "id": mine["id"]},
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
    assert await titles(ada) == ["New", "Renamed", "Water the plants"]
    assert (await bob.client.get(f"/tasks/{his['id']}")).json() == his


@pytest.mark.spec("BLK-003")
@pytest.mark.parametrize("id_", [0, -1, 2**31, 2**63, 10**30])
async def test_knows_no_task_with_an_odd_id(ada: Person, id_: int) -> None:
    [result] = await write_each(ada, {"action": "delete", "id": id_})

    assert (result["status"], result["task"], result["error"]["code"]) == (404, None, "TASK_NOT_FOUND")


@pytest.mark.spec("BLK-003", "BLK-005")
async def test_takes_ids_that_no_task_can_have_for_no_task_rather_than_for_one(ada: Person) -> None:
    results = await write_each(ada, {"action": "delete", "id": 0}, {"action": "delete", "id": 2**63})

    assert [result["status"] for result in results] == [404, 404]


# Versions, duplicates, external ids


@pytest.mark.spec("BLK-004")
async def test_changes_only_the_version_that_was_read(ada: Person, make_task: Make) -> None:
    task, other = await make_task(ada), await make_task(ada)

    assert (await write(ada, update(task, version=1, title="Second"), delete(other, version=1))).status_code == 200
    late = await write(ada, create("Never"), update(task, version=1, title="Third"))

    assert_error(late, 412, "PRECONDITION_FAILED")
    assert late.json()["errors"][0]["field"] == "items.1"
    assert late.json()["current"] == (await ada.client.get(f"/tasks/{task['id']}")).json()
    assert await titles(ada) == ["Second"]


@pytest.mark.spec("BLK-005")
async def test_refuses_two_items_about_one_task(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await write(ada, update(task, title="One"), delete(task))

    assert_error(response, 400, "DUPLICATE_ITEM")
    assert response.json()["errors"][0]["field"] == "items.1.id"
    assert await titles(ada) == ["Water the plants"]


@pytest.mark.spec("BLK-006")
async def test_creates_one_task_for_one_external_id(ada: Person, make_task: Make) -> None:
    known = await make_task(ada, title="Known", external_id="z")
    items = [create("B", external_id="b"), create("C"), create("A", external_id="a"), create("Twin", external_id="b")]

    first = (await write(ada, *items, create("Other", external_id="z"))).json()["results"]
    again = (await write(ada, *items)).json()["results"]

    assert [result["status"] for result in first] == [201, 201, 201, 200, 200]
    assert [result["task"]["title"] for result in first] == ["B", "C", "A", "B", "Known"]
    assert first[4]["task"] == known
    assert [result["status"] for result in again] == [200, 201, 200, 200]
    assert await titles(ada) == ["A", "B", "C", "C", "Known"]


# Size


@pytest.mark.spec("BLK-007")
@pytest.mark.parametrize("count", [0, 1001])
async def test_takes_1_to_1000_items(ada: Person, count: int) -> None:
    response = await write(ada, *[create()] * count)

    assert_error(response, 400, "INVALID_BULK_SIZE", "A request takes 1 to 1000 items")
    assert response.json()["errors"][0]["field"] == "items"


@pytest.mark.spec("BLK-007")
@pytest.mark.parametrize(
    "body", [{}, {"items": None}, {"items": {}}, {"items": [create()], "atomic": "yes"}, {"items": [1]}, []]
)
async def test_refuses_what_is_no_list_of_items(ada: Person, body: object) -> None:
    assert_error(await ada.client.post("/tasks/bulk", json=body), 422, "VALIDATION_ERROR")


@pytest.mark.spec("BLK-007")
async def test_takes_as_many_statements_for_300_items_as_for_3(
    ada: Person, recorded_app: RecordedApp, make_task: Make
) -> None:
    counts = []
    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        person = Person(ada.id, ada.email, client)
        for number in (1, 1, 100):
            items = [create() for _ in range(number)]
            items += [update(await make_task(ada), completed=True) for _ in range(number)]
            items += [delete(await make_task(ada)) for _ in range(number)]
            recorded_app.statements.clear()
            assert (await write(person, *items)).status_code == 200
            counts.append(len(recorded_app.statements))

    # The first time the driver asks besides what the types are that it does not know yet.
    assert counts[1:] == [8, 8]


# Together with others


@pytest.mark.spec("BLK-008")
async def test_lets_others_have_their_turn_while_it_reads() -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.ensure_future(count_turns())
    items = await validate_items([create() for _ in range(1000)])
    others.cancel()

    assert len(items) == 1000
    assert turns >= 1000 // VALIDATED_AT_ONCE


@pytest.mark.spec("BLK-008")
async def test_does_not_block_another_about_the_same_tasks_in_another_order(ada: Person, make_task: Make) -> None:
    tasks = [await make_task(ada) for _ in range(30)]
    forward = [update(task, completed=True) for task in tasks] + [create(external_id=f"{n}") for n in range(30)]
    backward = [update(task, priority="high") for task in reversed(tasks)]
    backward += [create(external_id=f"{n}") for n in reversed(range(30))]

    responses = await asyncio.gather(*(write(ada, *items) for items in [forward, backward] * 5))

    assert {response.status_code for response in responses} == {200}
    after = (await ada.client.get("/tasks", params={"limit": 100})).json()
    assert after["total"] == 60
    assert {(task["completed"], task["priority"]) for task in after["items"] if task["external_id"] is None} == {
        (True, "high")
    }


@pytest.mark.spec("BLK-008")
async def test_does_not_block_another_whose_external_ids_it_changes(ada: Person, make_task: Make) -> None:
    first, second = await make_task(ada, external_id="a"), await make_task(ada, external_id="b")

    for _ in range(ROUNDS):
        responses = await asyncio.gather(
            *(write(ada, update(first, completed=True), create(external_id="b")) for _ in range(2)),
            *(write(ada, update(second, completed=True), create(external_id="a")) for _ in range(2)),
        )
        assert {response.status_code for response in responses} == {200}


@pytest.mark.spec("BLK-008")
async def test_does_not_block_changes_of_tags_and_single_tasks(ada: Person, make_task: Make, make_tag: Make) -> None:
    for _ in range(ROUNDS):
        tasks = [await make_task(ada, external_id=uuid4().hex) for _ in range(4)]
        tags = [await make_tag(ada), await make_tag(ada)]
        for task, tag in itertools.product(tasks, tags):
            await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")
        known = [create(external_id=task["external_id"]) for task in tasks]

        written = await asyncio.gather(
            write(ada, *(update(task, completed=True) for task in reversed(tasks)), *known, atomic=False),
            write(ada, *map(delete, tasks[1:3]), *known, atomic=False),
            *(ada.client.put(f"/tags/{tag['id']}", json={"name": uuid4().hex}) for tag in tags),
            *(ada.client.delete(f"/tasks/{task['id']}/tags/{tags[0]['id']}") for task in tasks),
            *(ada.client.post(f"/tasks/{task['id']}/tags/{tags[1]['id']}") for task in tasks),
            ada.client.delete(f"/tags/{tags[1]['id']}"),
            ada.client.delete(f"/tasks/{tasks[3]['id']}"),
        )

        assert {response.status_code for response in written} <= {200, 201, 204, 404}


@pytest.mark.spec("BLK-008")
async def test_does_not_block_its_owner_from_leaving(ada: Person, make_task: Make) -> None:
    tasks = [await make_task(ada) for _ in range(8)]
    items = [item for task in tasks for item in (update(task, completed=True), create())]

    *written, gone = await asyncio.gather(
        *(write(ada, *items) for _ in range(4)),
        ada.client.request("DELETE", "/auth/me", json={"password": PASSWORD}),
    )

    assert {response.status_code for response in written} <= {200, 401}
    assert gone.status_code == 204
    assert_error(await write(ada, delete(tasks[0]), atomic=False), 401, "INVALID_TOKEN")


@pytest.mark.spec("BLK-008")
async def test_lets_single_tasks_be_created_meanwhile(
    ada: Person, make_task: Make, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    task = await make_task(ada)
    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", task["id"])
        writing = asyncio.ensure_future(write(ada, update(task, completed=True), create(external_id="a")))
        await wait_for_lock_waiters(watcher)
        await make_task(ada)
        theirs = await make_task(ada, title="Theirs", external_id="a")

    _, known = (await writing).json()["results"]
    assert (known["status"], known["task"]) == (200, theirs)


@pytest.mark.spec("BLK-006", "BLK-008")
async def test_gives_the_task_of_the_creation_that_it_waited_for(
    ada: Person, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await connection.execute("INSERT INTO tasks (user_id, title, external_id) VALUES ($1, 'Theirs', 'a')", ada.id)
        writing = asyncio.ensure_future(write(ada, create("Before"), create("Ours", external_id="a"), create("After")))
        await wait_for_lock_waiters(watcher)

    results = (await writing).json()["results"]
    assert [(result["status"], result["task"]["title"]) for result in results] == [
        (201, "Before"),
        (200, "Theirs"),
        (201, "After"),
    ]


@pytest.mark.spec("BLK-008")
async def test_keeps_what_the_write_that_it_waited_for_wrote(
    ada: Person, make_task: Make, make_tag: Make, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    async with connection.transaction():
        await connection.execute("UPDATE tasks SET title = 'Theirs', version = 2 WHERE id = $1", task["id"])
        await connection.execute("INSERT INTO task_tag_link VALUES ($1, $2, $3)", ada.id, task["id"], tag["id"])
        writing = asyncio.ensure_future(write(ada, update(task, completed=True)))
        await wait_for_lock_waiters(watcher)

    [result] = (await writing).json()["results"]
    changed = result["task"]
    assert (changed["title"], changed["completed"], changed["version"]) == ("Theirs", True, 3)
    assert [carried["id"] for carried in changed["tags"]] == [tag["id"]]


@pytest.mark.spec("BLK-004", "BLK-008")
async def test_finds_that_a_task_was_changed_while_it_waited(
    ada: Person, make_task: Make, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    task, other = await make_task(ada), await make_task(ada)
    async with connection.transaction():
        await connection.execute("UPDATE tasks SET version = 2 WHERE id = ANY ($1)", [task["id"], other["id"]])
        writing = asyncio.ensure_future(write_each(ada, update(task, version=1, title="Late"), delete(other, 1)))
        await wait_for_lock_waiters(watcher)

    assert [(result["status"], result["task"]["version"]) for result in await writing] == [(412, 2), (412, 2)]


@pytest.mark.spec("BLK-008")
async def test_finds_no_task_that_was_deleted_while_it_waited(
    ada: Person, make_task: Make, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    task, other = await make_task(ada), await make_task(ada)
    async with connection.transaction():
        await connection.execute("DELETE FROM tasks WHERE id = $1", task["id"])
        writing = asyncio.ensure_future(write_each(ada, update(task, title="Late"), update(other, title="In time")))
        await wait_for_lock_waiters(watcher)

    late, in_time = await writing

    assert (late["status"], late["error"]["code"]) == (404, "TASK_NOT_FOUND")
    assert in_time["task"]["title"] == "In time"


@pytest.mark.spec("BLK-009")
async def test_writes_once_for_one_idempotency_key(ada: Person) -> None:
    key = str(uuid4())

    first, again = [await write(ada, create(), key=key) for _ in range(2)]

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert await titles(ada) == ["Water the plants"]


@pytest.mark.spec("BLK-009")
async def test_needs_the_scope_to_write_tasks(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    body = {"items": [create()]}
    reader, writer = await make_token(ada, "tasks:read"), await make_token(ada, "tasks:write")

    refused = await client.post("/tasks/bulk", json=body, headers=authorize(reader["token"]))
    admitted = await client.post("/tasks/bulk", json=body, headers=authorize(writer["token"]))

    assert_error(await client.post("/tasks/bulk", json=body), 401, "MISSING_TOKEN")
    assert_error(refused, 403, "INSUFFICIENT_SCOPE")
    assert admitted.status_code == 200


@pytest.mark.parametrize("verb", ["GET", "PUT", "PATCH", "DELETE"])
async def test_takes_no_other_verb(ada: Person, verb: str) -> None:
    response = await ada.client.request(verb, "/tasks/bulk", json={"title": "x"})

    assert_error(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["Allow"] == "POST"

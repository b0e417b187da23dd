"""A request is undone as a whole, and an undo is undone again."""

import asyncio
import random
from uuid import uuid4

import asyncpg
import pytest
from httpx import Response

from tests.routers.changes.support import read_log
from tests.routers.task_bulk.support import create_item, delete_item, update_item, write_bulk
from tests.support import Json, Make, MakeToken, Person, RecordedApp, assert_error, authorize, make_client

VERSIONED = ("version", "updated_at")
MANY = 2000
INSERT_TASKS = """
INSERT INTO tasks (user_id, title, title_key)
SELECT $1, 'Task ' || i, 'task ' || i FROM generate_series(1, $2::bigint) AS i
"""
LINK_TASKS = """
INSERT INTO task_tag_link (user_id, task_id, tag_id) SELECT $1, id, unnest($2::bigint[]) FROM tasks WHERE user_id = $1
"""


def seq_of(response: Response) -> int:
    assert response.is_success, response.text
    return int(response.headers["Change-Seq"])


async def undo(owner: Person, seq: object, *, force: bool = False, key: str | None = None) -> Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await owner.client.post(f"/changes/{seq}/undo", json={"force": force}, headers=headers)


async def state_of(owner: Person) -> Json:
    """Return all tasks and tags without their versions."""
    tasks = (await owner.client.get("/tasks", params={"limit": 100})).json()["items"]
    tags = (await owner.client.get("/tags")).json()
    resources = {"tasks": sorted(tasks, key=lambda task: task["id"]), "tags": sorted(tags, key=lambda tag: tag["id"])}
    return {
        noun: [{name: value for name, value in item.items() if name not in VERSIONED} for item in items]
        for noun, items in resources.items()
    }


@pytest.fixture
async def tag(ada: Person, make_tag: Make) -> Json:
    return await make_tag(ada, name="home", color="#2E8B57")


@pytest.fixture
async def task(ada: Person, make_task: Make, tag: Json) -> Json:
    """Return a task with the tag."""
    created_task = await make_task(ada, description="The ferns too", due_date="2026-12-01T18:00:00Z", external_id="a")
    response = await ada.client.post(f"/tasks/{created_task['id']}/tags/{tag['id']}")
    tagged_task: Json = response.json()
    return tagged_task


async def change_task(owner: Person, task: Json, _: Json) -> Response:
    return await owner.client.patch(f"/tasks/{task['id']}", json={"title": "Changed", "due_date": None})


async def delete_task(owner: Person, task: Json, _: Json) -> Response:
    return await owner.client.delete(f"/tasks/{task['id']}")


async def create_task(owner: Person, _: Json, __: Json) -> Response:
    return await owner.client.post("/tasks", json={"title": "New"})


async def remove_tag(owner: Person, task: Json, tag: Json) -> Response:
    return await owner.client.delete(f"/tasks/{task['id']}/tags/{tag['id']}")


async def rename_tag(owner: Person, _: Json, tag: Json) -> Response:
    return await owner.client.put(f"/tags/{tag['id']}", json={"name": "house"})


async def delete_tag(owner: Person, _: Json, tag: Json) -> Response:
    return await owner.client.delete(f"/tags/{tag['id']}")


async def create_tag(owner: Person, _: Json, __: Json) -> Response:
    return await owner.client.post("/tags", json={"name": "work"})


async def write_in_bulk(owner: Person, task: Json, _: Json) -> Response:
    return await write_bulk(owner, create_item("One"), update_item(task, title="Two"), create_item("Three"))


async def delete_in_bulk(owner: Person, task: Json, _: Json) -> Response:
    return await write_bulk(owner, delete_item(task), create_item("Four"))


EVERY_WRITE = pytest.mark.parametrize(
    "write",
    [
        *(change_task, delete_task, create_task, remove_tag, rename_tag, delete_tag, create_tag),
        *(write_in_bulk, delete_in_bulk),
    ],
)


@pytest.mark.spec("HIS-006", "HIS-009", "HIS-010")
@EVERY_WRITE
async def test_undo_and_redo_of_each_write(ada: Person, task: Json, tag: Json, write: object) -> None:
    before = await state_of(ada)
    seq = seq_of(await write(ada, task, tag))  # type: ignore[operator]
    after = await state_of(ada)

    undone = await undo(ada, seq)
    assert undone.status_code == 200, undone.text
    assert await state_of(ada) == before

    redone = await undo(ada, undone.json()["seq"])
    assert redone.status_code == 200, redone.text
    assert await state_of(ada) == after

    assert (await undo(ada, seq)).status_code == 200
    assert await state_of(ada) == before


@pytest.mark.spec("HIS-006", "HIS-007")
async def test_undo_returns_the_state_and_is_logged(ada: Person, task: Json, connection: asyncpg.Connection) -> None:
    seq = seq_of(await ada.client.patch(f"/tasks/{task['id']}", json={"title": "Changed"}))

    response = await undo(ada, seq)

    current = (await ada.client.get(f"/tasks/{task['id']}")).json()
    assert response.json() == {
        "seq": seq + 1,
        "undoes": seq,
        "items": [{"type": "task", "id": task["id"], "deleted": False, "data": current}],
    }
    assert response.headers["Change-Seq"] == str(seq + 1)
    *_, undone, undoing = await read_log(connection, ada)
    assert (undone["undone_by"], undoing["undoes"]) == (seq + 1, seq)
    assert current["version"] == task["version"] + 2


@pytest.mark.spec("HIS-006")
async def test_change_in_the_middle_of_a_request_undoes_the_whole_request(ada: Person) -> None:
    before = await state_of(ada)
    last = seq_of(await write_bulk(ada, *(create_item(f"{number}") for number in range(5))))

    assert (await undo(ada, last - 2)).status_code == 200

    assert await state_of(ada) == before


@pytest.mark.spec("HIS-008")
async def test_field_that_was_changed_since_is_a_conflict_unless_forced(ada: Person, task: Json) -> None:
    path = f"/tasks/{task['id']}"
    seq = seq_of(await ada.client.patch(path, json={"title": "Changed", "priority": "high"}))
    await ada.client.patch(path, json={"title": "Later"})
    await ada.client.patch(path, json={"completed": True})

    conflict = await undo(ada, seq)
    forced = await undo(ada, seq, force=True)

    assert_error(conflict, 409, "UNDO_CONFLICT")
    assert [error["field"] for error in conflict.json()["errors"]] == [f"task.{task['id']}.title"]
    assert forced.status_code == 200
    current = (await ada.client.get(path)).json()
    assert (current["title"], current["priority"], current["completed"]) == (task["title"], task["priority"], True)


@pytest.mark.spec("HIS-008")
async def test_created_task_that_was_changed_is_a_conflict_and_forced_goes_to_the_trash(ada: Person, tag: Json) -> None:
    create = await ada.client.post("/tasks", json={"title": "New"})
    path = f"/tasks/{create.json()['id']}"
    await ada.client.post(f"{path}/tags/{tag['id']}")

    conflict = await undo(ada, seq_of(create))
    forced = await undo(ada, seq_of(create), force=True)

    assert [error["field"] for error in conflict.json()["errors"]] == [f"task.{create.json()['id']}.tags"]
    assert forced.json()["items"] == [{"type": "task", "id": create.json()["id"], "deleted": True, "data": None}]
    [entry] = (await ada.client.get("/trash")).json()["items"]
    assert entry["id"] == create.json()["id"]


@pytest.mark.spec("HIS-008")
async def test_changed_task_that_is_gone_is_a_conflict(ada: Person, task: Json) -> None:
    seq = seq_of(await ada.client.patch(f"/tasks/{task['id']}", json={"title": "Changed"}))
    await ada.client.delete(f"/tasks/{task['id']}")

    assert_error(await undo(ada, seq), 409, "UNDO_CONFLICT")
    forced = await undo(ada, seq, force=True)

    assert forced.status_code == 200
    assert forced.json()["seq"] is None
    assert "Change-Seq" not in forced.headers


@pytest.mark.spec("HIS-008")
async def test_tag_that_is_gone_is_a_conflict_and_forced_left_out(ada: Person, task: Json, tag: Json) -> None:
    seq = seq_of(await ada.client.delete(f"/tasks/{task['id']}"))
    await ada.client.delete(f"/tags/{tag['id']}")

    assert_error(await undo(ada, seq), 409, "UNDO_CONFLICT")
    assert (await undo(ada, seq, force=True)).status_code == 200

    assert (await ada.client.get(f"/tasks/{task['id']}")).json()["tags"] == []


@pytest.mark.spec("HIS-009")
async def test_second_undo_is_rejected(ada: Person, task: Json) -> None:
    seq = seq_of(await ada.client.delete(f"/tasks/{task['id']}"))
    await undo(ada, seq)

    assert_error(await undo(ada, seq), 409, "ALREADY_UNDONE")


@pytest.mark.spec("HIS-009")
async def test_of_concurrent_undos_one_succeeds(ada: Person, task: Json) -> None:
    seq = seq_of(await ada.client.delete(f"/tasks/{task['id']}"))

    responses = await asyncio.gather(*(undo(ada, seq) for _ in range(5)))

    assert sorted(response.status_code for response in responses) == [200] + [409] * 4


@pytest.mark.spec("HIS-011")
async def test_taken_name_or_external_id_restores_nothing(ada: Person, task: Json, tag: Json, make_tag: Make) -> None:
    deletion = seq_of(await write_bulk(ada, delete_item(task), create_item("Other")))
    await ada.client.post("/tasks", json={"title": "Taken", "external_id": "a"})
    tag_deletion = seq_of(await ada.client.delete(f"/tags/{tag['id']}"))
    await make_tag(ada, name="home")
    before = await state_of(ada)

    assert_error(await undo(ada, deletion, force=True), 409, "EXTERNAL_ID_TAKEN")
    assert_error(await undo(ada, tag_deletion), 409, "TAG_ALREADY_EXISTS")

    assert await state_of(ada) == before


@pytest.mark.spec("HIS-012")
async def test_undo_with_an_idempotency_key_happens_once(ada: Person, task: Json) -> None:
    seq, key = seq_of(await ada.client.delete(f"/tasks/{task['id']}")), uuid4().hex

    first, second = [await undo(ada, seq, key=key) for _ in range(2)]

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Change-Seq"] == first.headers["Change-Seq"]


@pytest.mark.spec("HIS-012", "HIS-013")
async def test_stored_undo_is_not_repeated_for_a_token_with_other_scopes(
    ada: Person, task: Json, make_token: MakeToken
) -> None:
    seq, headers = seq_of(await ada.client.delete(f"/tasks/{task['id']}")), {"Idempotency-Key": uuid4().hex}
    writer, other = [authorize((await make_token(ada, scope))["token"]) for scope in ("tasks:write", "tags:write")]
    path = f"/changes/{seq}/undo"

    first = await ada.client.post(path, json={}, headers=headers | writer)
    second = await ada.client.post(path, json={}, headers=headers | other)

    assert first.status_code == 200
    assert_error(second, 422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.spec("HIS-013")
async def test_undo_needs_the_write_scope_of_each_type(
    ada: Person, task: Json, tag: Json, make_token: MakeToken
) -> None:
    seq = seq_of(await ada.client.delete(f"/tags/{tag['id']}"))
    tokens = [await make_token(ada, scope) for scope in ("tasks:write", "tags:read", "tags:write")]

    responses = [
        await ada.client.post(f"/changes/{seq}/undo", json={}, headers=authorize(token["token"])) for token in tokens
    ]

    assert [response.status_code for response in responses] == [403, 403, 200]
    assert task["tags"]


@pytest.mark.spec("HIS-014")
async def test_unknown_foreign_and_purged_changes(ada: Person, bob: Person, task: Json) -> None:
    seq = seq_of(await ada.client.delete(f"/tasks/{task['id']}"))
    await ada.client.patch("/auth/me", json={"name": "Ada"})

    assert_error(await undo(ada, 900_000), 404, "CHANGE_NOT_FOUND")
    assert_error(await undo(bob, seq), 404, "CHANGE_NOT_FOUND")
    assert_error(await undo(ada, seq + 1), 404, "CHANGE_NOT_FOUND")
    await ada.client.delete(f"/trash/{seq}")
    assert_error(await undo(ada, seq), 410, "CHANGE_PURGED")
    [entry, *_] = (await ada.client.get(f"/tasks/{task['id']}/changes")).json()["items"]
    assert entry["fields"] is None


@pytest.mark.spec("HIS-010")
@pytest.mark.usefixtures("task")
async def test_way_back_from_50_steps_ends_where_it_began(ada: Person) -> None:
    generator = random.Random(7)
    states: list[Json] = [await state_of(ada)]
    steps: list[int] = []
    while len(steps) < 50:
        response = await take_a_step(ada, generator, states[-1])
        if response.is_success and "Change-Seq" in response.headers:
            steps.append(seq_of(response))
            states.append(await state_of(ada))

    undos = []
    for step, expected in zip(reversed(steps), reversed(states[:-1]), strict=True):
        response = await undo(ada, step)
        assert response.status_code == 200, response.text
        undos.append(response.json()["seq"])
        assert await state_of(ada) == expected
    for step, expected in zip(reversed(undos), states[1:], strict=True):
        assert (await undo(ada, step)).status_code == 200
        assert await state_of(ada) == expected


async def take_a_step(owner: Person, generator: random.Random, state: Json) -> Response:
    """Send a random write."""
    tasks, tags = state["tasks"], state["tags"]
    task_path = f"/tasks/{generator.choice(tasks)['id'] if tasks else 0}"
    tag_path = f"/tags/{generator.choice(tags)['id'] if tags else 0}"
    name = f"{generator.random()}"
    items = [update_item(other, title=name) for other in tasks[:2]]
    items += [delete_item(other) for other in tasks[2:3]] + [create_item(name)]
    changes = {"title": name, "completed": generator.random() < 0.5, "due_date": "2026-12-01T18:00:00Z"}
    method, path, body = generator.choice(
        [
            ("POST", "/tasks", {"title": name, "external_id": name}),
            ("POST", "/tasks", {"title": name}),
            ("POST", "/tags", {"name": name}),
            ("PATCH", task_path, changes),
            ("DELETE", task_path, None),
            ("PUT", tag_path, {"name": name, "color": "#FF5733"}),
            ("DELETE", tag_path, None),
            ("POST", task_path + tag_path, None),
            ("DELETE", task_path + tag_path, None),
            ("POST", "/tasks/bulk", {"items": items}),
        ]
    )
    return await owner.client.request(method, path, json=body)


@pytest.mark.spec("HIS-015")
async def test_redo_of_the_deletion_of_a_tag_logs_the_tag_alone_and_its_tasks(
    ada: Person, task: Json, tag: Json, connection: asyncpg.Connection
) -> None:
    undone = await undo(ada, seq_of(await ada.client.delete(f"/tags/{tag['id']}")))

    redone = await undo(ada, seq_of(undone))

    [deletion] = await read_log(connection, ada, after=seq_of(undone))
    assert (deletion["type"], deletion["action"], deletion["before"]["tasks"]) == ("tag", "delete", [task["id"]])
    [entry] = (await ada.client.get("/trash")).json()["items"]
    assert entry["seq"] == seq_of(redone)
    restored = await ada.client.post(f"/trash/{entry['seq']}/restore")
    assert [item["id"] for item in restored.json()["items"]] == [tag["id"], task["id"]]
    assert (await ada.client.get(f"/tasks/{task['id']}")).json()["tags"] == task["tags"]


@pytest.mark.spec("HIS-015")
async def test_tag_on_many_tasks_is_put_back_with_few_statements(
    ada: Person, tag: Json, make_tag: Make, connection: asyncpg.Connection, recorded_app: RecordedApp
) -> None:
    other = await make_tag(ada)
    await connection.execute(INSERT_TASKS, ada.id, MANY)
    await connection.execute(LINK_TASKS, ada.id, [tag["id"], other["id"]])
    deletion = await ada.client.delete(f"/tags/{tag['id']}")
    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        recorded_app.statements.clear()
        response = await client.post(f"/changes/{seq_of(deletion)}/undo", json={})

    assert response.status_code == 200, response.text
    assert len(recorded_app.statements) < 20 + MANY / 500
    items = response.json()["items"]
    assert len(items) == MANY + 1
    assert {len(item["data"]["tags"]) for item in items if item["type"] == "task"} == {2}
    changes = await read_log(connection, ada, after=seq_of(deletion) + 1)
    assert len(changes) == MANY
    assert all(change["before"] == {"tags": [other["id"]]} for change in changes)
    assert all(change["after"] == {"tags": sorted([tag["id"], other["id"]])} for change in changes)

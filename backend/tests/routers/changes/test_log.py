"""Each write logs the old and the new fields, the login session or the access token, and the request."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import pytest
from httpx import Response

from tests.routers.changes.support import read_clock, read_log
from tests.routers.task_bulk.support import create_item, delete_item, update_item, write_bulk
from tests.support import Json, Make, MakeToken, Person, authorize

Send = Callable[[Person, Json, Json], Awaitable[Response]]
REPLACEMENT = {"title": "Feed the cat", "priority": "low", "completed": True, "due_date": "2026-12-01T18:00:00+01:00"}
INSTANTS = ("created_at", "updated_at")
REPLACED = {"title": "Water the plants", "priority": "medium", "completed": False}
TASK = REPLACED | {"recurrence_basis": "due"}


class Case(NamedTuple):
    """A write, and the change that it logs. `["tag"]` and `["task"]` stand for the ids of the tag and the task."""

    send: Send
    entity: str
    action: str
    before: Json | None
    after: Json | None


def with_ids(fields: Json | None, task: Json, tag: Json) -> Json | None:
    if fields is None:
        return None
    ids = {"tag": tag["id"], "task": task["id"]}
    return {name: [ids[one] for one in value] if isinstance(value, list) else value for name, value in fields.items()}


def without_instants(fields: Json | None) -> Json | None:
    instants = (*INSTANTS, "completed_at")
    return None if fields is None else {name: value for name, value in fields.items() if name not in instants}


async def create_task(owner: Person, _: Json, __: Json) -> Response:
    return await owner.client.post("/tasks", json={"title": "New", "due_date": "2026-12-01T18:00:00Z"})


async def create_task_once(owner: Person, _: Json, __: Json) -> Response:
    return await owner.client.post("/tasks", json={"title": "New", "external_id": "import-7"})


async def replace_task(owner: Person, task: Json, _: Json) -> Response:
    return await owner.client.put(f"/tasks/{task['id']}", json=REPLACEMENT)


async def change_task(owner: Person, task: Json, _: Json) -> Response:
    return await owner.client.patch(f"/tasks/{task['id']}", json={"title": "Water the plants", "completed": True})


async def delete_task(owner: Person, task: Json, _: Json) -> Response:
    return await owner.client.delete(f"/tasks/{task['id']}")


async def create_tag(owner: Person, _: Json, __: Json) -> Response:
    return await owner.client.post("/tags", json={"name": "work", "color": "#FF5733"})


async def replace_tag(owner: Person, _: Json, tag: Json) -> Response:
    return await owner.client.put(f"/tags/{tag['id']}", json={"name": "house"})


async def delete_tag(owner: Person, _: Json, tag: Json) -> Response:
    return await owner.client.delete(f"/tags/{tag['id']}")


async def add_tag(owner: Person, task: Json, tag: Json) -> Response:
    other_task = (await owner.client.post("/tasks", json={"title": "Other"})).json()
    del task["tags"]
    task |= other_task
    return await owner.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")


async def remove_tag(owner: Person, task: Json, tag: Json) -> Response:
    return await owner.client.delete(f"/tasks/{task['id']}/tags/{tag['id']}")


@pytest.fixture
async def tag(ada: Person, make_tag: Make) -> Json:
    return await make_tag(ada, name="home")


@pytest.fixture
async def task(ada: Person, make_task: Make, tag: Json) -> Json:
    """Return a task with the tag."""
    task = await make_task(ada)
    response = await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")
    tagged_task: Json = response.json()
    return tagged_task


@pytest.mark.spec("CHG-001", "CHG-003", "CHG-006")
@pytest.mark.parametrize(
    "case",
    [
        Case(create_task, "task", "create", None, TASK | {"title": "New", "due_date": "2026-12-01T18:00:00"}),
        Case(create_task_once, "task", "create", None, TASK | {"title": "New", "external_id": "import-7"}),
        Case(
            replace_task,
            "task",
            "update",
            REPLACED | {"due_date": None},
            REPLACEMENT | {"due_date": "2026-12-01T17:00:00"},
        ),
        Case(change_task, "task", "update", {"completed": False}, {"completed": True}),
        Case(delete_task, "task", "delete", TASK | {"version": 2, "tags": ["tag"]}, None),
        Case(create_tag, "tag", "create", None, {"name": "work", "color": "#FF5733"}),
        Case(replace_tag, "tag", "update", {"name": "home"}, {"name": "house"}),
        Case(delete_tag, "tag", "delete", {"name": "home", "version": 1, "tasks": ["task"]}, None),
        Case(add_tag, "task", "update", {"tags": []}, {"tags": ["tag"]}),
        Case(remove_tag, "task", "update", {"tags": ["tag"]}, {"tags": []}),
    ],
    ids=lambda case: case.send.__name__,
)
async def test_write_logs_one_change(
    ada: Person, task: Json, tag: Json, connection: asyncpg.Connection, case: Case
) -> None:
    response = await case.send(ada, task, tag)

    assert response.is_success, response.text
    [*_, change] = await read_log(connection, ada)
    assert (change["type"], change["action"]) == (case.entity, case.action)
    assert without_instants(change["before"]) == with_ids(case.before, task, tag)
    assert without_instants(change["after"]) == with_ids(case.after, task, tag)
    assert change["seq"] == change["batch"] == int(response.headers["Change-Seq"])
    assert change["request_id"] == response.headers["X-Request-ID"]
    named = response.json() if case.action == "create" else {"task": task, "tag": tag}[case.entity]
    assert change["id"] == named["id"]


@pytest.mark.spec("CHG-001")
async def test_deletion_logs_the_instants_of_the_task(ada: Person, task: Json, connection: asyncpg.Connection) -> None:
    await ada.client.delete(f"/tasks/{task['id']}")

    [*_, change] = await read_log(connection, ada)
    logged = {name: datetime.fromisoformat(f"{change['before'][name]}Z") for name in INSTANTS}
    assert logged == {name: datetime.fromisoformat(task[name]) for name in INSTANTS}


@pytest.mark.spec("CHG-001")
async def test_change_names_the_login_session_or_the_access_token(
    ada: Person, make_task: Make, make_token: MakeToken, connection: asyncpg.Connection
) -> None:
    await make_task(ada)
    token = await make_token(ada, "tasks:write")
    await ada.client.post("/tasks", json={"title": "By a script"}, headers=authorize(token["token"]))

    by_person, by_script = await read_log(connection, ada)

    [login_session] = (await ada.client.get("/auth/sessions")).json()
    assert (by_person["login_session_id"], by_person["access_token_id"]) == (UUID(login_session["id"]), None)
    assert (by_script["login_session_id"], by_script["access_token_id"]) == (None, token["id"])


@pytest.mark.spec("CHG-002", "CHG-003")
async def test_bulk_write_is_one_batch(
    ada: Person, task: Json, make_task: Make, connection: asyncpg.Connection
) -> None:
    other_task = await make_task(ada)
    clock = await read_clock(connection, ada)

    response = await write_bulk(
        ada,
        create_item("One"),
        update_item(task, completed=True),
        create_item("Two", external_id="a"),
        delete_item(other_task),
        update_item(await make_task(ada), title="Water the plants"),
    )

    changes = await read_log(connection, ada, clock + 1)
    assert [(change["action"], (change["after"] or {}).get("title")) for change in changes] == [
        ("update", None),
        ("delete", None),
        ("create", "One"),
        ("create", "Two"),
    ]
    assert {change["batch"] for change in changes} == {changes[0]["seq"]}
    assert [change["seq"] for change in changes] == [*range(clock + 2, clock + 6)]
    assert response.headers["Change-Seq"] == str(clock + 5)


@pytest.mark.spec("CHG-003")
async def test_repeated_request_has_the_same_number(ada: Person) -> None:
    headers = {"Idempotency-Key": "once"}

    first, second = [await ada.client.post("/tasks", json={"title": "Once"}, headers=headers) for _ in range(2)]

    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Change-Seq"] == first.headers["Change-Seq"]


async def patch_with_same_value(owner: Person, task: Json, _: Json) -> Response:
    return await owner.client.patch(f"/tasks/{task['id']}", json={"title": task["title"]})


async def replace_with_same_values(owner: Person, task: Json, _: Json) -> Response:
    return await owner.client.put(f"/tasks/{task['id']}", json=task)


async def replace_tag_with_same_values(owner: Person, _: Json, tag: Json) -> Response:
    return await owner.client.put(f"/tags/{tag['id']}", json=tag)


async def add_present_tag(owner: Person, task: Json, tag: Json) -> Response:
    return await owner.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")


async def update_in_bulk_with_same_value(owner: Person, task: Json, _: Json) -> Response:
    return await write_bulk(owner, update_item(task, title=task["title"]))


async def remove_absent_tag(owner: Person, task: Json, _: Json) -> Response:
    other_tag = (await owner.client.post("/tags", json={"name": "other"})).json()
    return await owner.client.delete(f"/tasks/{task['id']}/tags/{other_tag['id']}")


@pytest.mark.spec("CHG-005")
@pytest.mark.parametrize(
    "send",
    [
        patch_with_same_value,
        replace_with_same_values,
        replace_tag_with_same_values,
        add_present_tag,
        update_in_bulk_with_same_value,
        remove_absent_tag,
    ],
)
async def test_write_without_a_change_logs_nothing(
    ada: Person, task: Json, tag: Json, connection: asyncpg.Connection, send: Send
) -> None:
    number_of_changes = len(await read_log(connection, ada))

    response = await send(ada, task, tag)

    assert response.is_success
    assert "Change-Seq" not in response.headers
    created_tags = 1 if send is remove_absent_tag else 0
    assert len(await read_log(connection, ada)) == number_of_changes + created_tags
    assert (await ada.client.get(f"/tasks/{task['id']}")).json() == task


@pytest.mark.spec("CHG-004")
async def test_failed_write_logs_nothing(ada: Person, task: Json, tag: Json, connection: asyncpg.Connection) -> None:
    clock = await read_clock(connection, ada)
    path = f"/tasks/{task['id']}"

    responses = [
        await ada.client.patch(path, json={"title": "Late"}, headers={"If-Match": '"1"'}),
        await ada.client.delete(path, headers={"If-Match": '"1"'}),
        await ada.client.post("/tags", json={"name": tag["name"]}),
        await ada.client.post(f"{path}/tags/{tag['id'] + 1}"),
        await write_bulk(ada, create_item("One"), update_item({"id": task["id"] + 1000}, title="Unknown")),
        await ada.client.patch("/tasks/900000000", json={"title": "Unknown"}),
    ]

    assert [response.status_code for response in responses] == [412, 412, 400, 404, 404, 404]
    assert not any("Change-Seq" in response.headers for response in responses)
    assert await read_log(connection, ada, clock) == []

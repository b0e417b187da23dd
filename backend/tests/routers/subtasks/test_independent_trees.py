"""Trees that name nothing that exists: one statement writes them as the statements of other trees do."""

import asyncio
from collections import Counter

import asyncpg
import pytest

from tests.routers.projects.support import list_tasks, undo
from tests.routers.subtasks.support import assert_sound, tree_of
from tests.support import Json, Person, assert_error
from todo.schemas.tasks.bulk import InvalidItem, read_subtask
from todo.schemas.tasks.task import TaskCreate
from todo.services.tasks.trees import creation
from todo.services.tasks.trees.nesting import VALIDATED_AT_ONCE

TREE: Json = {
    "title": "a",
    "priority": "high",
    "subtasks": [
        {"title": "b", "description": "Ünder", "due_date": "2026-12-01T09:00", "due_time_zone": "Europe/Berlin"},
        {
            "title": "c",
            "completed": True,
            "subtasks": [
                {"title": "d", "due_day": "2026-12-24", "recurrence_rule": "FREQ=DAILY", "estimated_minutes": 5},
                {"title": "e", "project_id": None, "recurrence_basis": "completion", "start_day": "2026-12-01"},
            ],
        },
    ],
}
OF_THE_ROW = {"id", "parent_id", "position", "external_id", "created_at", "updated_at", "completed_at"}
OF_THE_CHANGE = {"seq", "batch", "id", "at"}


async def content_of(owner: Person) -> tuple[list[Json], list[Json]]:
    """Return the tasks and the history of an account, without what differs between two equal accounts."""
    tasks = await list_tasks(owner, sort="title")
    changes = (await owner.client.get("/changes")).json()["items"]
    for change in changes:
        change["fields"] = {name: field for name, field in change["fields"].items() if name not in OF_THE_ROW}
        change["actor"] = None
    return (
        [{name: value for name, value in task.items() if name not in {*OF_THE_ROW, "user_id"}} for task in tasks],
        [{name: value for name, value in change.items() if name not in OF_THE_CHANGE} for change in changes],
    )


@pytest.mark.spec("SUB-047")
async def test_tree_is_the_same_whatever_it_names(ada: Person, bob: Person, connection: asyncpg.Connection) -> None:
    independent = await ada.client.post("/tasks", json=TREE)
    keyed = await bob.client.post("/tasks", json={**TREE, "external_id": "old-7"})

    assert independent.status_code == keyed.status_code == 201
    assert independent.json().keys() == keyed.json().keys()
    assert await tree_of(ada) == await tree_of(bob) == "a(b c(d e))"
    assert await content_of(ada) == await content_of(bob)
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-047")
@pytest.mark.parametrize(
    "fields",
    [
        {"description": ""},
        {"completed": True},
        {"priority": "low"},
        {"due_date": "2026-12-01T09:00"},
        {"due_day": "2026-12-24"},
        {"due_time_zone": "Europe/Berlin"},
        {"start_day": "2026-12-01"},
        {"deadline_day": "2026-12-31"},
        {"estimated_minutes": 5},
        {"recurrence_rule": "FREQ=DAILY"},
        {"recurrence_basis": "completion"},
        {"priority": "medium", "completed": False, "recurrence_basis": "due", "project_id": None, "tags": []},
    ],
    ids=str,
)
async def test_task_is_the_same_however_it_is_created(ada: Person, fields: Json) -> None:
    tag = (await ada.client.post("/tags", json={"name": "home"})).json()["name"]
    task = {"title": "a", **fields}
    requests: list[tuple[str, Json]] = [
        ("/tasks", task),
        ("/tasks", {**task, "external_id": "old-1"}),
        ("/tasks", {**task, "tags": [tag]}),
        ("/tasks", {**task, "subtasks": [task]}),
        ("/tasks", {**task, "external_id": "old-2", "subtasks": [task]}),
        ("/tasks/bulk", {"items": [{"action": "create", "task": task}]}),
    ]

    for path, body in requests:
        assert (await ada.client.post(path, json=body)).status_code < 300, body

    tasks = [{**one, "tags": []} for one in await list_tasks(ada)]
    assert len(tasks) == 8
    assert {str({name: one[name] for name in one if name not in OF_THE_ROW}) for one in tasks} == {
        str({name: tasks[0][name] for name in tasks[0] if name not in OF_THE_ROW})
    }
    assert tasks[0]["due_time_zone"] is None or tasks[0]["due_date"] is not None


@pytest.mark.spec("SUB-047")
async def test_independent_trees_at_once_have_their_own_batches(ada: Person) -> None:
    responses = await asyncio.gather(*(ada.client.post("/tasks", json=TREE) for _ in range(8)))

    changes = (await ada.client.get("/changes", params={"limit": 100})).json()["items"]
    assert {response.status_code for response in responses} == {201}
    assert [change["seq"] for change in changes] == [*range(40, 0, -1)]
    assert [change["batch"] for change in changes] == [36 - 5 * (number // 5) for number in range(40)]
    assert (await undo(ada, responses[3])).status_code == 200
    assert len(await list_tasks(ada, limit=100)) == 35


@pytest.mark.spec("SUB-043")
@pytest.mark.parametrize(
    ("subtask", "status", "code"),
    [
        ({"title": "b", "tags": [987654]}, 404, "TAG_NOT_FOUND"),
        ({"title": "b", "project_id": 0}, 400, "SUBTASK_FOLLOWS_PARENT"),
        ({"title": "b", "parent_id": -1}, 400, "SUBTASK_FOLLOWS_PARENT"),
        ({"title": "b", "section_id": 2**63 - 1}, 400, "SUBTASK_FOLLOWS_PARENT"),
        ({"title": "b", "subtasks": {"title": "c"}}, 422, "VALIDATION_ERROR"),
    ],
)
async def test_tree_that_names_something_is_checked(ada: Person, subtask: Json, status: int, code: str) -> None:
    response = await ada.client.post("/tasks", json={"title": "a", "subtasks": [{"title": "x"}, subtask]})

    assert_error(response, status, code)
    assert (await ada.client.get("/tasks")).json()["total"] == 0
    assert (await ada.client.get("/changes")).json()["items"] == []


@pytest.mark.spec("SUB-047")
@pytest.mark.parametrize("body", [TREE, {"title": "a"}], ids=["tree", "task"])
async def test_account_without_a_clock_gets_one(ada: Person, connection: asyncpg.Connection, body: Json) -> None:
    await connection.execute("DELETE FROM change_clocks WHERE user_id = $1", ada.id)

    response = await ada.client.post("/tasks", json=body)

    changes = (await ada.client.get("/changes")).json()["items"]
    assert response.status_code == 201
    assert response.headers["Change-Seq"] == str(len(changes))
    assert [change["seq"] for change in changes] == [*range(len(changes), 0, -1)]


@pytest.mark.spec("SUB-043")
@pytest.mark.parametrize("subtask", ["b", 7, ["b"], None], ids=str)
async def test_subtask_must_be_an_object(ada: Person, subtask: object) -> None:
    response = await ada.client.post("/tasks", json={"title": "a", "subtasks": [{"title": "b"}, subtask]})
    body = await ada.client.post("/tasks", json=subtask)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [(error["field"], error["detail"]) for error in response.json()["errors"]] == [
        ("subtasks.1", "Input should be an object")
    ]
    assert "dictionary" not in body.text


@pytest.mark.spec("SUB-042")
async def test_other_requests_run_while_a_large_tree_is_validated(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    iteration = 0
    validated: list[int] = []

    async def count_iterations() -> None:
        nonlocal iteration
        while True:
            iteration += 1
            await asyncio.sleep(0)

    def read_and_note(value: object) -> TaskCreate | InvalidItem:
        validated.append(iteration)
        return read_subtask(value)

    monkeypatch.setattr(creation, "read_subtask", read_and_note)
    counter = asyncio.ensure_future(count_iterations())
    response = await ada.client.post("/tasks", json={"title": "a", "subtasks": [{"title": "b"}] * 999})
    counter.cancel()

    assert response.status_code == 201
    assert len(validated) == 999
    assert max(Counter(validated).values()) <= VALIDATED_AT_ONCE

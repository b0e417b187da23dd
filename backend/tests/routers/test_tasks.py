"""Tasks over HTTP: made, read, replaced, changed and deleted, each by its owner alone."""

import asyncio
import json
from datetime import datetime

import asyncpg
import pytest
from httpx import AsyncClient, Response

from tests.support import Json, Make, MakePerson, Person, RecordedApp, assert_error, make_client

UNKNOWN = 9_000_000_000_000_000_000
FIELDS = {
    "id",
    "title",
    "description",
    "completed",
    "priority",
    "due_date",
    "recurrence_rule",
    "external_id",
    "user_id",
    "version",
    "created_at",
    "updated_at",
    "tags",
}
FULL: Json = {
    "title": "Water the plants",
    "description": "The ferns too",
    "completed": True,
    "priority": "high",
    "due_date": "2026-12-01T18:00:00Z",
    "recurrence_rule": "FREQ=WEEKLY;BYDAY=MO,TH",
}
SMALLEST_REPLACEMENT: Json = {"title": "Feed the cat", "priority": "low", "completed": False}
ROUTES = [
    ("POST", "/tasks"),
    ("GET", "/tasks"),
    ("GET", "/tasks/1"),
    ("PUT", "/tasks/1"),
    ("PATCH", "/tasks/1"),
    ("DELETE", "/tasks/1"),
    ("POST", "/tasks/1/tags/1"),
    ("DELETE", "/tasks/1/tags/1"),
]
every_route = pytest.mark.parametrize(("method", "path"), ROUTES, ids=" ".join)
VERBS_OF_A_TASK = ("GET", "PUT", "PATCH", "DELETE")


async def call(owner: Person, method: str, task_id: object) -> Response:
    """Call a task's route with a body that is good for it."""
    body = {"PUT": SMALLEST_REPLACEMENT, "PATCH": {"title": "Mine now"}}.get(method)
    return await owner.client.request(method, f"/tasks/{task_id}", json=body)


async def read(owner: Person, task_id: int) -> Json:
    """Return the task as its owner sees it."""
    response = await owner.client.get(f"/tasks/{task_id}")
    assert response.status_code == 200, response.text
    task: Json = response.json()
    return task


# Creating


@pytest.mark.spec("TSK-001")
async def test_creates_a_task_with_every_field(ada: Person) -> None:
    response = await ada.client.post("/tasks", json=FULL)

    assert response.status_code == 201
    assert response.json() | FULL == response.json()


@pytest.mark.spec("TSK-001")
async def test_returns_every_field_of_the_contract(ada: Person) -> None:
    response = await ada.client.post("/tasks", json=FULL)

    assert response.json().keys() >= FIELDS


@pytest.mark.spec("TSK-001")
async def test_gives_a_task_an_integer_for_an_id(ada: Person) -> None:
    response = await ada.client.post("/tasks", json=FULL)

    assert type(response.json()["id"]) is int


@pytest.mark.spec("TSK-002")
async def test_fills_in_what_a_new_task_does_not_say(ada: Person) -> None:
    response = await ada.client.post("/tasks", json={"title": "Water the plants"})

    defaults: Json = {
        "description": None,
        "completed": False,
        "priority": "medium",
        "due_date": None,
        "recurrence_rule": None,
        "tags": [],
    }
    assert response.status_code == 201
    assert response.json() | defaults == response.json()


@pytest.mark.parametrize("field", ["description", "due_date", "recurrence_rule"])
async def test_takes_null_for_a_field_that_may_be_empty(ada: Person, field: str) -> None:
    response = await ada.client.post("/tasks", json={"title": "Water the plants", field: None})

    assert response.status_code == 201
    assert response.json()[field] is None


@pytest.mark.parametrize("field", ["created_at", "updated_at"])
async def test_returns_times_in_utc_with_a_z(ada: Person, make_task: Make, field: str) -> None:
    task = await make_task(ada)

    assert task[field].endswith("Z")


async def test_refuses_a_task_without_a_title(ada: Person) -> None:
    response = await ada.client.post("/tasks", json={"description": "The ferns too"})

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == ["title"]


async def test_gives_a_task_to_whoever_holds_the_token(ada: Person, bob: Person) -> None:
    response = await ada.client.post("/tasks", json=FULL | {"user_id": str(bob.id)})

    assert response.json()["user_id"] == str(ada.id)


@pytest.mark.parametrize(
    "unknown",
    [
        {"id": 1},
        {"user_id": "nobody"},
        {"created_at": "2000-01-01T00:00:00Z"},
        {"updated_at": "2000-01-01T00:00:00Z"},
        {"version": 7},
        {"tags": [{"id": 1}]},
        {"colour": "green"},
    ],
    ids=lambda unknown: str(*unknown),
)
async def test_ignores_a_field_that_a_new_task_does_not_take(ada: Person, unknown: Json) -> None:
    response = await ada.client.post("/tasks", json=FULL | unknown)

    assert response.status_code == 201
    assert response.json() | unknown != response.json()


async def test_refuses_a_token_whose_user_is_gone(make_person: MakePerson, connection: asyncpg.Connection) -> None:
    person = await make_person()
    await connection.execute("DELETE FROM users WHERE id = $1", person.id)

    response = await person.client.post("/tasks", json=FULL)

    assert_error(response, 401, "INVALID_TOKEN", "Invalid authentication token")
    assert response.headers["WWW-Authenticate"] == "Bearer"


# Anonymous


@pytest.mark.spec("TSK-007")
@every_route
async def test_asks_an_anonymous_caller_to_authenticate(client: AsyncClient, method: str, path: str) -> None:
    response = await client.request(method, path, json=FULL)

    assert_error(response, 401, "MISSING_TOKEN", "Authentication required")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("TSK-007")
async def test_asks_for_a_token_before_it_judges_the_body(client: AsyncClient) -> None:
    response = await client.post("/tasks", json={"title": ""})

    assert_error(response, 401, "MISSING_TOKEN")


# Reading


@pytest.mark.spec("TSK-011")
async def test_reads_a_task_as_it_was_created(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, **FULL)

    response = await ada.client.get(f"/tasks/{task['id']}")

    assert response.status_code == 200
    assert response.json() == task


@pytest.mark.spec("TSK-012")
async def test_knows_no_task_of_an_unknown_id(ada: Person) -> None:
    response = await ada.client.get(f"/tasks/{UNKNOWN}")

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


@pytest.mark.spec("TSK-013")
async def test_hides_a_task_of_somebody_else(ada: Person, bob: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await bob.client.get(f"/tasks/{task['id']}")

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


@pytest.mark.spec("TSK-013", "TSK-017", "TSK-020")
@pytest.mark.parametrize("method", VERBS_OF_A_TASK)
async def test_answers_a_stranger_as_if_there_were_no_such_task(
    ada: Person, bob: Person, make_task: Make, method: str
) -> None:
    task = await make_task(ada)

    strangers = await call(bob, method, task["id"])
    unknown = await call(bob, method, UNKNOWN)

    assert (strangers.status_code, strangers.json()) == (unknown.status_code, unknown.json())


# Replacing


@pytest.mark.spec("TSK-014")
async def test_replaces_every_field(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await ada.client.put(f"/tasks/{task['id']}", json=FULL)

    assert response.status_code == 200
    stamps = {"version": task["version"] + 1, "updated_at": response.json()["updated_at"]}
    assert response.json() == task | FULL | stamps


@pytest.mark.spec("TSK-014")
async def test_keeps_a_replacement(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await ada.client.put(f"/tasks/{task['id']}", json=FULL)

    assert await read(ada, task["id"]) == response.json()


@pytest.mark.spec("TSK-014")
@pytest.mark.parametrize("field", ["description", "due_date", "recurrence_rule"])
async def test_clears_what_a_replacement_does_not_name(ada: Person, make_task: Make, field: str) -> None:
    task = await make_task(ada, **FULL)

    response = await ada.client.put(f"/tasks/{task['id']}", json=SMALLEST_REPLACEMENT)

    assert response.json()[field] is None


@pytest.mark.parametrize("field", ["title", "priority", "completed"])
async def test_refuses_a_replacement_without_a_required_field(ada: Person, make_task: Make, field: str) -> None:
    task = await make_task(ada)
    incomplete = {name: value for name, value in FULL.items() if name != field}

    response = await ada.client.put(f"/tasks/{task['id']}", json=incomplete)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_keeps_the_tags_of_a_task_that_is_replaced(ada: Person, make_task: Make, make_tag: Make) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    response = await ada.client.put(f"/tasks/{task['id']}", json=FULL)

    assert [carried["id"] for carried in response.json()["tags"]] == [tag["id"]]


@pytest.mark.spec("TSK-015")
async def test_replaces_no_task_of_an_unknown_id(ada: Person) -> None:
    response = await ada.client.put(f"/tasks/{UNKNOWN}", json=FULL)

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


# Changing


@pytest.mark.spec("TSK-016")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "Feed the cat"),
        ("description", "Twice"),
        ("description", None),
        ("completed", False),
        ("priority", "low"),
        ("due_date", "2027-01-01T00:00:00Z"),
        ("due_date", None),
        ("recurrence_rule", "FREQ=DAILY"),
        ("recurrence_rule", None),
    ],
)
async def test_changes_one_field_and_no_other(ada: Person, make_task: Make, field: str, value: object) -> None:
    task = await make_task(ada, **FULL)

    response = await ada.client.patch(f"/tasks/{task['id']}", json={field: value})

    assert response.status_code == 200
    stamps = {"version": task["version"] + 1, "updated_at": response.json()["updated_at"]}
    assert response.json() == task | {field: value} | stamps


@pytest.mark.spec("TSK-016")
async def test_keeps_a_change(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, **FULL)

    response = await ada.client.patch(f"/tasks/{task['id']}", json={"title": "Feed the cat"})

    assert await read(ada, task["id"]) == response.json()


@pytest.mark.parametrize(
    "body", [{}, {"user_id": "nobody"}, {"id": 1}, {"version": 7}], ids=["empty", "user_id", "id", "version"]
)
async def test_changes_nothing_when_no_field_is_named(ada: Person, make_task: Make, body: Json) -> None:
    task = await make_task(ada, **FULL)

    response = await ada.client.patch(f"/tasks/{task['id']}", json=body)

    assert response.status_code == 200
    assert response.json() == task


async def test_finds_out_that_there_is_no_task_to_leave_unchanged(ada: Person) -> None:
    response = await ada.client.patch(f"/tasks/{UNKNOWN}", json={})

    assert_error(response, 404, "TASK_NOT_FOUND")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_lets_nobody_give_a_task_away(ada: Person, bob: Person, make_task: Make, method: str) -> None:
    task = await make_task(ada)

    response = await ada.client.request(
        method, f"/tasks/{task['id']}", json=FULL | {"id": UNKNOWN, "user_id": str(bob.id)}
    )

    assert (response.json()["id"], response.json()["user_id"]) == (task["id"], str(ada.id))


@pytest.mark.spec("TSK-017")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_lets_no_stranger_change_a_task(ada: Person, bob: Person, make_task: Make, method: str) -> None:
    task = await make_task(ada)

    response = await call(bob, method, task["id"])

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")
    assert await read(ada, task["id"]) == task


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_moves_updated_at_and_not_created_at(ada: Person, make_task: Make, method: str) -> None:
    task = await make_task(ada)

    changed = (await ada.client.request(method, f"/tasks/{task['id']}", json=FULL)).json()

    assert datetime.fromisoformat(changed["updated_at"]) > datetime.fromisoformat(task["updated_at"])
    assert changed["created_at"] == task["created_at"]


async def test_moves_updated_at_even_if_the_clock_went_back(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    task = await make_task(ada)
    ahead = datetime.fromisoformat("2999-01-01T00:00:00Z")
    await connection.execute("UPDATE tasks SET updated_at = $1 WHERE id = $2", ahead, task["id"])

    changed = (await ada.client.patch(f"/tasks/{task['id']}", json={"completed": True})).json()

    assert datetime.fromisoformat(changed["updated_at"]) > ahead


async def test_keeps_two_changes_of_different_fields_made_at_once(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    changes: Json = {"title": "Feed the cat", "completed": True, "priority": "high", "description": "Twice"}

    await asyncio.gather(
        *(ada.client.patch(f"/tasks/{task['id']}", json={field: value}) for field, value in changes.items())
    )

    assert (await read(ada, task["id"])) | changes == await read(ada, task["id"])


# Deleting


@pytest.mark.spec("TSK-018")
async def test_deletes_a_task_without_a_word(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await ada.client.delete(f"/tasks/{task['id']}")

    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.spec("TSK-018")
async def test_no_longer_knows_a_deleted_task(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    await ada.client.delete(f"/tasks/{task['id']}")

    assert_error(await ada.client.get(f"/tasks/{task['id']}"), 404, "TASK_NOT_FOUND")


@pytest.mark.spec("TSK-019")
async def test_deletes_no_task_of_an_unknown_id(ada: Person) -> None:
    response = await ada.client.delete(f"/tasks/{UNKNOWN}")

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


@pytest.mark.spec("TSK-019")
async def test_deletes_a_task_once(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    answers = await asyncio.gather(*(ada.client.delete(f"/tasks/{task['id']}") for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404, 404]


@pytest.mark.spec("TSK-020")
async def test_lets_no_stranger_delete_a_task(ada: Person, bob: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await bob.client.delete(f"/tasks/{task['id']}")

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")
    assert await read(ada, task["id"]) == task


# Ids


@pytest.mark.parametrize(
    "task_id",
    [
        "0",
        "-1",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "1" + 30 * "0",
        pytest.param(5000 * "9", id="5000 digits"),
    ],
)
async def test_knows_no_task_of_an_id_that_no_task_can_have(ada: Person, task_id: str) -> None:
    for response in [await call(ada, method, task_id) for method in VERBS_OF_A_TASK]:
        assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


@pytest.mark.parametrize("task_id", ["abc", "1.5", "1.0", "1e3", "1_0", "0x1", "true", "%20", "%EF%BC%91"])
async def test_refuses_an_id_that_is_no_integer(ada: Person, task_id: str) -> None:
    for response in [await call(ada, method, task_id) for method in VERBS_OF_A_TASK]:
        assert_error(response, 422, "VALIDATION_ERROR")
        assert [error["field"] for error in response.json()["errors"]] == ["task_id"]


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"title": "a"} x',
        b"title=a",
        b'{"title": "\xff"}',
        b"[]",
        b"null",
        b'"a"',
        b"5",
        pytest.param(b'{"title": ' + 5000 * b"9" + b"}", id="a number of 5000 digits"),
        pytest.param(b'{"a": ' + 100_000 * b"[", id="too deep"),
    ],
)
async def test_refuses_a_body_that_is_no_json_object(ada: Person, make_task: Make, body: bytes) -> None:
    path = f"/tasks/{(await make_task(ada))['id']}"

    for method, target in [("POST", "/tasks"), ("PUT", path), ("PATCH", path)]:
        response = await ada.client.request(method, target, content=body, headers={"Content-Type": "application/json"})
        assert_error(response, 422, "VALIDATION_ERROR")
        assert [error["field"] for error in response.json()["errors"]] == ["body"]


async def test_lists_every_field_at_fault(ada: Person) -> None:
    response = await ada.client.post(
        "/tasks",
        json={"title": "", "description": 1001 * "x", "priority": "urgent", "due_date": "soon"},
    )

    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [
        ("title", "INVALID_TITLE"),
        ("description", "DESCRIPTION_TOO_LONG"),
        ("priority", "INVALID_PRIORITY"),
        ("due_date", "INVALID_DUE_DATE"),
    ]


async def test_repeats_the_first_field_at_fault_at_the_top(ada: Person) -> None:
    response = await ada.client.post("/tasks", json={"title": "", "priority": "urgent"})

    first = response.json()["errors"][0]
    assert_error(response, 400, first["code"], first["detail"])


async def test_counts_a_wrong_type_before_a_broken_rule(ada: Person) -> None:
    response = await ada.client.post("/tasks", json={"title": "", "priority": 5})

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == ["priority", "title"]


async def test_does_not_repeat_what_was_sent_in_an_error(ada: Person) -> None:
    response = await ada.client.post("/tasks", json={"title": 4711, "description": 1001 * "secret "})

    assert "4711" not in response.text
    assert "secret" not in response.text


async def test_changes_nothing_when_one_field_is_at_fault(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await ada.client.patch(f"/tasks/{task['id']}", json={"completed": True, "priority": "urgent"})

    assert_error(response, 400, "INVALID_PRIORITY")
    assert await read(ada, task["id"]) == task


async def test_reads_a_field_that_is_written_in_escapes(ada: Person) -> None:
    response = await ada.client.post(
        "/tasks",
        content=json.dumps({"title": "Zoë 🌿"}, ensure_ascii=True),
        headers={"Content-Type": "application/json"},
    )

    assert response.json()["title"] == "Zoë 🌿"


# Paths and verbs


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/tasks", {"GET", "POST"}),
        ("PATCH", "/tasks", {"GET", "POST"}),
        ("DELETE", "/tasks", {"GET", "POST"}),
        ("POST", "/tasks/1", {"GET", "PUT", "PATCH", "DELETE"}),
        ("BREW", "/tasks/1", {"GET", "PUT", "PATCH", "DELETE"}),
        ("GET", "/tasks/1/tags/1", {"POST", "DELETE"}),
        ("PUT", "/tasks/1/tags/1", {"POST", "DELETE"}),
    ],
)
async def test_names_every_verb_that_a_path_takes(ada: Person, method: str, path: str, allowed: set[str]) -> None:
    response = await ada.client.request(method, path)

    assert_error(response, 405, "METHOD_NOT_ALLOWED")
    assert set(response.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/nothing", "/tasks/", "/tasks/1/", "/tasks/1/nothing", "/tasks/1/tags"])
async def test_answers_an_unknown_path_itself(ada: Person, method: str, path: str) -> None:
    response = await ada.client.request(method, path, json=FULL, follow_redirects=False)

    assert_error(response, 404, "NOT_FOUND")


# Cost


@pytest.mark.spec("PLN-004")
@pytest.mark.parametrize(
    ("method", "body"),
    [("GET", None), ("POST", {"title": "Ferns"}), ("PATCH", {"completed": True}), ("DELETE", None)],
)
async def test_takes_one_statement(
    ada: Person, make_task: Make, recorded_app: RecordedApp, method: str, body: Json | None
) -> None:
    task = await make_task(ada)
    path = "/tasks" if method == "POST" else f"/tasks/{task['id']}"

    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        response = await client.request(method, path, json=body)

    assert response.is_success
    assert len(recorded_app.statements) == 1

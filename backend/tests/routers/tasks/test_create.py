"""Creation of tasks: response, defaults, owner and body."""

import json

import asyncpg
import pytest

from tests.routers.tasks.support import FULL_TASK
from tests.support import Json, Make, MakePerson, Person, assert_error
from todo.services.tasks.derived import DEFAULTS

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


# Defaults


@pytest.mark.spec("TSK-001")
async def test_table_has_the_defaults_of_the_schema(ada: Person, connection: asyncpg.Connection) -> None:
    defaults = {name: value for name, value in DEFAULTS.items() if name not in {"title", "tags"}}

    row = await connection.fetchrow(
        "INSERT INTO tasks (user_id, title, title_key) VALUES ($1, 'a', 'a') RETURNING *", ada.id
    )

    assert row is not None
    assert {name: row[name] for name in defaults} == defaults


# Response


@pytest.mark.spec("TSK-001")
async def test_create_stores_every_field(ada: Person) -> None:
    response = await ada.client.post("/tasks", json=FULL_TASK)

    assert response.status_code == 201
    assert response.json() | FULL_TASK == response.json()


@pytest.mark.spec("TSK-001")
async def test_response_has_every_field_of_the_contract(ada: Person) -> None:
    response = await ada.client.post("/tasks", json=FULL_TASK)

    assert response.json().keys() >= FIELDS


@pytest.mark.spec("TSK-001")
async def test_id_is_an_integer(ada: Person) -> None:
    response = await ada.client.post("/tasks", json=FULL_TASK)

    assert type(response.json()["id"]) is int


@pytest.mark.spec("TSK-002")
async def test_absent_fields_get_defaults(ada: Person) -> None:
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
async def test_optional_field_accepts_null(ada: Person, field: str) -> None:
    response = await ada.client.post("/tasks", json={"title": "Water the plants", field: None})

    assert response.status_code == 201
    assert response.json()[field] is None


@pytest.mark.parametrize("field", ["created_at", "updated_at"])
async def test_times_are_returned_in_utc(ada: Person, make_task: Make, field: str) -> None:
    task = await make_task(ada)

    assert task[field].endswith("Z")


# Owner and other fields


async def test_owner_is_the_user_of_the_token(ada: Person) -> None:
    response = await ada.client.post("/tasks", json=FULL_TASK)

    assert response.json()["user_id"] == str(ada.id)


@pytest.mark.parametrize(
    "unknown_fields",
    [
        {"id": 1},
        {"user_id": "nobody"},
        {"created_at": "2000-01-01T00:00:00Z"},
        {"updated_at": "2000-01-01T00:00:00Z"},
        {"version": 7},
        {"colour": "green"},
    ],
    ids=lambda unknown_fields: str(*unknown_fields),
)
async def test_read_only_and_unknown_fields_are_rejected(ada: Person, unknown_fields: Json) -> None:
    response = await ada.client.post("/tasks", json=FULL_TASK | unknown_fields)

    assert_error(response, 422, "UNKNOWN_FIELD")
    assert [error["field"] for error in response.json()["errors"]] == [*unknown_fields]


async def test_token_of_a_deleted_user_is_rejected(make_person: MakePerson, connection: asyncpg.Connection) -> None:
    person = await make_person()
    await connection.execute("DELETE FROM users WHERE id = $1", person.id)

    response = await person.client.post("/tasks", json=FULL_TASK)

    assert_error(response, 401, "INVALID_TOKEN", "Invalid authentication token")
    assert response.headers["WWW-Authenticate"] == "Bearer"


# Body


async def test_missing_title_is_rejected(ada: Person) -> None:
    response = await ada.client.post("/tasks", json={"description": "The ferns too"})

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == ["title"]


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
async def test_body_that_is_not_an_object_is_rejected(ada: Person, make_task: Make, body: bytes) -> None:
    path = f"/tasks/{(await make_task(ada))['id']}"

    for method, url in [("POST", "/tasks"), ("PUT", path), ("PATCH", path)]:
        response = await ada.client.request(method, url, content=body, headers={"Content-Type": "application/json"})
        assert_error(response, 422, "VALIDATION_ERROR")
        assert [error["field"] for error in response.json()["errors"]] == ["body"]


async def test_escaped_characters_are_decoded(ada: Person) -> None:
    response = await ada.client.post(
        "/tasks",
        content=json.dumps({"title": "Zoë 🌿"}, ensure_ascii=True),
        headers={"Content-Type": "application/json"},
    )

    assert response.json()["title"] == "Zoë 🌿"


# Problem


async def test_problem_lists_every_invalid_field(ada: Person) -> None:
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


async def test_problem_repeats_its_first_error(ada: Person) -> None:
    response = await ada.client.post("/tasks", json={"title": "", "priority": "urgent"})

    first_error = response.json()["errors"][0]
    assert_error(response, 400, first_error["code"], first_error["detail"])


async def test_wrong_type_takes_precedence_over_a_rule(ada: Person) -> None:
    response = await ada.client.post("/tasks", json={"title": "", "priority": 5})

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == ["priority", "title"]


async def test_problem_does_not_contain_the_input(ada: Person) -> None:
    response = await ada.client.post("/tasks", json={"title": 4711, "description": 1001 * "secret "})

    assert "4711" not in response.text
    assert "secret" not in response.text

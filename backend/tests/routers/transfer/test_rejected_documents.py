"""Documents with problems: each is named with its place, and no document does harm."""

import json
from typing import Any

import pytest
from fastapi import FastAPI

from tests.routers.transfer.support import NOTHING, export_account, import_into, make_document, send
from tests.support import Json, Make, MakeApp, MakeToken, Person, assert_error, authorize, make_client
from todo.domain.scope import SCOPES

JSON_TYPE = {"Content-Type": "application/json"}
LISTS = ("tags", "projects", "sections", "tasks")


RECORD = {"task_id": 1, "number": 1, "position": 1, "status": "skipped", "due_day": "2026-12-01", "place": "2026-12-01"}


def record(**fields: Any) -> Json:
    return {"tasks": [task(1)], "occurrences": [RECORD | fields]}


def task(number: int, **fields: Any) -> Json:
    return {"id": number, "title": f"Task {number}"} | fields


async def send_text(owner: Person, text: bytes) -> Any:
    return await owner.client.post("/import", content=text, headers=JSON_TYPE)


@pytest.mark.spec("IMP-007")
async def test_invalid_rows_are_named_with_their_places_and_nothing_is_written(bob: Person) -> None:
    tasks = [task(1), task(2, title=""), task(3, priority="urgent", due_date="tomorrow"), task(4, titel="x"), 7]
    document = make_document(tags=[{"id": 1, "name": "home", "color": "red"}], tasks=tasks)

    response = await send(bob, document)

    assert_error(response, 400, "INVALID_COLOR")
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [
        ("tags.0.color", "INVALID_COLOR"),
        ("tasks.1.title", "INVALID_TITLE"),
        ("tasks.2.priority", "INVALID_PRIORITY"),
        ("tasks.2.due_date", "INVALID_DUE_DATE"),
        ("tasks.3.titel", "UNKNOWN_FIELD"),
        ("tasks.4", "VALIDATION_ERROR"),
    ]
    exported = await export_account(bob)
    assert [exported[name] for name in LISTS] == [[], [], [], []]


@pytest.mark.spec("IMP-007")
async def test_valid_rows_are_written_without_atomic(bob: Person) -> None:
    document = make_document(tasks=[task(1), task(2, title=""), task(3)])

    report = await import_into(bob, document, atomic=False)

    assert (report["created"]["tasks"], report["failed"]["tasks"]) == (2, 1)
    assert [error["field"] for error in report["errors"]] == ["tasks.1.title"]
    assert [row["title"] for row in (await export_account(bob))["tasks"]] == ["Task 1", "Task 3"]


@pytest.mark.spec("IMP-010")
@pytest.mark.parametrize(
    ("lists", "field", "code"),
    [
        ({"tasks": [task(1, project_id=9)]}, "tasks.0.project_id", "PROJECT_NOT_FOUND"),
        ({"tasks": [task(1, section_id=9)]}, "tasks.0.section_id", "SECTION_NOT_FOUND"),
        ({"tasks": [task(1, tags=[9])]}, "tasks.0.tags", "TAG_NOT_FOUND"),
        ({"tasks": [task(1, tags=["unknown"])]}, "tasks.0.tags", "TAG_NOT_FOUND"),
        ({"sections": [{"id": 1, "name": "a", "project_id": 1}]}, "sections.0.project_id", "PROJECT_NOT_FOUND"),
        ({"tasks": [task(1), task(1)]}, "tasks.1.id", "DUPLICATE_ROW"),
        ({"tasks": [task(1, external_id="a"), task(2, external_id="a")]}, "tasks.1.external_id", "DUPLICATE_ROW"),
        ({"tasks": [task(1, completed_at="2026-01-01T00:00:00Z")]}, "tasks.0.completed_at", "INVALID_COMPLETED_AT"),
        ({"tasks": [task(1, created_at="yesterday")]}, "tasks.0.created_at", "INVALID_TIMESTAMP"),
        ({"tasks": [task(1, parents=[1])]}, "tasks.0.parents", "UNKNOWN_FIELD"),
        ({"tasks": [task(1, due_day="2026-12-01", due_date="2026-12-01T09:00")]}, "tasks.0.due_day", "CONFLICTING_DUE"),
        ({"tasks": [task(1, title="\ud800")]}, "tasks.0.title", "VALIDATION_ERROR"),
        ({"tasks": [task(1, description="\0")]}, "tasks.0.description", "VALIDATION_ERROR"),
        (record(place="2026-12-01T9"), "occurrences.0.place", "INVALID_PLACE"),
        (record(next_place="9999-12-31"), "occurrences.0.next_place", "INVALID_PLACE"),
        (record(next_place="2026-12-01T09:00:00Z"), "occurrences.0.next_place", "INVALID_PLACE"),
        (record(status="completed"), "occurrences.0", "INVALID_OCCURRENCE"),
        (record(due_day=None), "occurrences.0", "INVALID_OCCURRENCE"),
        (record(number=2**40), "occurrences.0.number", "VALIDATION_ERROR"),
        (record() | {"occurrences": [RECORD, RECORD]}, "occurrences.1.number", "DUPLICATE_ROW"),
        ({"tasks": [task(1, recurrence_start="soon")]}, "tasks.0.recurrence_start", "INVALID_PLACE"),
        ({"tasks": [task(0)]}, "tasks.0.id", "VALIDATION_ERROR"),
        ({"tasks": [task(2**63)]}, "tasks.0.id", "VALIDATION_ERROR"),
        ({"tasks": [{"id": True, "title": "a"}]}, "tasks.0.id", "VALIDATION_ERROR"),
        ({"tasks": [{"title": "a"}]}, "tasks.0.id", "VALIDATION_ERROR"),
        ({"tasks": [None]}, "tasks.0", "VALIDATION_ERROR"),
        ({"tasks": "many"}, "tasks", "VALIDATION_ERROR"),
        ({"tasks": {"1": task(1)}}, "tasks", "VALIDATION_ERROR"),
        ({"habits": []}, "habits", "UNKNOWN_FIELD"),
        ({"format": "other"}, "format", "VALIDATION_ERROR"),
        ({"version": 2}, "version", "VALIDATION_ERROR"),
        ({"epoch": "none"}, "epoch", "VALIDATION_ERROR"),
    ],
)
async def test_bad_row_is_rejected(bob: Person, lists: Json, field: str, code: str) -> None:
    response = await bob.client.post("/import", content=json.dumps(make_document() | lists), headers=JSON_TYPE)

    assert 400 <= response.status_code < 500
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert (await bob.client.get("/tasks")).json()["total"] == 0


@pytest.mark.spec("IMP-010")
async def test_task_in_a_section_of_another_project_is_rejected(bob: Person) -> None:
    projects = [{"id": number, "name": "a"} for number in (1, 2)]
    sections = [{"id": 5, "project_id": 1, "name": "b"}]

    response = await send(
        bob, make_document(projects=projects, sections=sections, tasks=[task(1, project_id=2, section_id=5)])
    )

    assert_error(response, 404, "SECTION_NOT_FOUND")


@pytest.mark.spec("IMP-010")
async def test_rows_in_a_failed_project_fail_too(bob: Person) -> None:
    document = make_document(
        projects=[{"id": 1, "name": ""}],
        sections=[{"id": 2, "project_id": 1, "name": "b"}],
        tasks=[task(1, project_id=1), task(2, section_id=2), task(3)],
    )

    report = await import_into(bob, document, atomic=False)

    assert report["created"] == NOTHING | {"tasks": 1}
    assert report["failed"] == {"tags": 0, "projects": 1, "sections": 1, "tasks": 2, "occurrences": 0}


@pytest.mark.spec("IMP-010")
async def test_row_of_another_user_is_not_found(ada: Person, bob: Person, make_task: Make) -> None:
    own = await make_task(ada)
    epoch = (await export_account(ada))["epoch"]

    report = await import_into(bob, make_document(tasks=[task(own["id"])]) | {"epoch": epoch})

    assert report["created"]["tasks"] == 1
    assert (await ada.client.get(f"/tasks/{own['id']}")).json() == own


@pytest.mark.spec("IMP-012")
@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"{}}",
        b"[",
        b'{"tasks": [}',
        b'{"tasks": [1,]}',
        b'{"tasks": [1 2]}',
        b'{"tasks": [{"id": 1]}',
        b'{"tasks": [], "tasks": []}',
        b'{"tasks": ["\xff"]}',
        b"{1: []}",
        b'{"tasks": [' + b"[" * 100_000 + b"]}",
        b'{"tasks": ["' + b"a" * 1_100_000 + b'"]}',
        b"{" + b",".join(b'"%d": 1' % number for number in range(101)) + b"}",
        b"[]",
        b"7",
        b"null",
    ],
)
async def test_malformed_document_is_rejected(bob: Person, text: bytes) -> None:
    response = await send_text(bob, text)

    assert_error(response, 422, "VALIDATION_ERROR")


@pytest.mark.spec("IMP-012")
async def test_problems_of_many_rows_are_limited(bob: Person) -> None:
    document = make_document(tasks=[{"id": number} for number in range(1, 5_001)])

    report = await import_into(bob, document, atomic=False)

    assert (report["failed"]["tasks"], len(report["errors"])) == (5_000, 100)
    assert len((await send(bob, document)).json()["errors"]) == 100


# Limits


@pytest.fixture
async def limited_app(make_app: MakeApp) -> FastAPI:
    return await make_app(
        max_tags=2, max_tags_per_task=2, max_projects=1, max_sections_per_project=1, max_import_bytes=20_000
    )


@pytest.mark.spec("IMP-013")
async def test_limits_of_the_account_hold(limited_app: FastAPI, bob: Person) -> None:
    document = make_document(
        tags=[{"id": number, "name": f"{number}"} for number in (1, 2, 3)],
        projects=[{"id": number, "name": "a"} for number in (1, 2)],
        sections=[{"id": number, "name": "a", "project_id": 1} for number in (1, 2)],
        tasks=[task(1, tags=[1, 2]), task(2, tags=[3]), task(3, tags=[1, 2, "1"]), task(4, section_id=2)],
    )
    async with make_client(limited_app, headers=bob.client.headers) as client:
        response = await client.post("/import", json=document, params={"atomic": False})

    report = response.json()
    assert report["created"] == {"tags": 2, "projects": 1, "sections": 1, "tasks": 2, "occurrences": 0}, response.text
    assert [(error["field"], error["code"]) for error in report["errors"]] == [
        ("tags.2", "TOO_MANY_TAGS"),
        ("projects.1", "TOO_MANY_PROJECTS"),
        ("sections.1", "TOO_MANY_SECTIONS"),
        ("tasks.1.tags", "TAG_NOT_FOUND"),
        ("tasks.3.section_id", "SECTION_NOT_FOUND"),
    ]


@pytest.mark.spec("IMP-013")
async def test_size_of_an_import_is_limited(limited_app: FastAPI, bob: Person) -> None:
    headers = {**bob.client.headers, **JSON_TYPE}
    async with make_client(limited_app, headers=headers) as client:
        too_large = await client.post("/import", content=b" " * 20_001)
        too_many = await client.post("/import", json=make_document(tasks=[task(number) for number in range(1, 80)]))
        elsewhere = await client.post("/tasks", content=b" " * 1_100_000)

    assert_error(too_large, 413, "PAYLOAD_TOO_LARGE")
    assert_error(too_many, 400, "TOO_MANY_ROWS")
    assert_error(elsewhere, 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.spec("IMP-013")
async def test_import_may_be_larger_than_other_bodies(bob: Person) -> None:
    tasks = [task(number, description="a" * 1000) for number in range(1, 1_200)]

    report = await import_into(bob, make_document(tasks=tasks), dry_run=True)

    assert report["created"]["tasks"] == 1_199


# Permissions


@pytest.mark.spec("IMP-014")
@pytest.mark.parametrize("scope", ["account", "tasks:write", "tags:write", "projects:write"])
async def test_token_needs_account_and_the_scopes_of_what_is_written(
    bob: Person, make_token: MakeToken, scope: str
) -> None:
    token = await make_token(bob, *(other for other in SCOPES if other != scope))
    document = make_document(tags=[{"id": 1, "name": "home"}], projects=[{"id": 1, "name": "Garden"}], tasks=[task(1)])

    response = await bob.client.post("/import", json=document, headers=authorize(token["token"]))

    assert_error(response, 403, "INSUFFICIENT_SCOPE")
    assert (await bob.client.get("/tags")).json() == []


@pytest.mark.spec("IMP-014")
async def test_token_with_the_needed_scopes_imports(bob: Person, make_token: MakeToken) -> None:
    token = await make_token(bob, "account", "tasks:write")

    response = await bob.client.post("/import", json=make_document(tasks=[task(1)]), headers=authorize(token["token"]))

    assert response.status_code == 200, response.text

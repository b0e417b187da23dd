"""Export of the account with its tags and tasks."""

import json
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from pydantic import TypeAdapter
from starlette.types import Message, Receive, Scope, Send

from tests.routers.account.support import fetch_user, get_account
from tests.support import BASE_URL, Json, Make, Person, RecordedApp, make_client
from todo.schemas.tasks.task import TaskPublic
from todo.services.transfer.export import SECTIONS

INSERT_TASKS = (
    "INSERT INTO tasks (user_id, title, title_key) SELECT $1, 'Task ' || i, '' FROM generate_series(1, $2) AS i"
)


async def export_account(person: Person) -> Json:
    """Return the export of a user."""
    response = await person.client.get("/auth/me/export")
    assert response.status_code == 200, response.text
    document: Json = response.json()
    return document


# Content


@pytest.mark.spec("ACC-007")
async def test_export_contains_account_tags_and_tasks(ada: Person, make_task: Make, make_tag: Make) -> None:
    tags = [await make_tag(ada, name="b", color="#FF5733"), await make_tag(ada, name="a")]
    tasks = [await make_task(ada, title="Ünïcödé \u2028 </script>", due_day="2026-12-01"), await make_task(ada)]
    for tag in tags:
        await ada.client.post(f"/tasks/{tasks[0]['id']}/tags/{tag['id']}")

    document = await export_account(ada)

    assert document["user"] == await get_account(ada)
    assert document["tags"] == (await ada.client.get("/tags")).json()
    assert document["tasks"] == [(await ada.client.get(f"/tasks/{task['id']}")).json() for task in tasks]


@pytest.mark.spec("TRA-010")
async def test_export_contains_the_trash(ada: Person, make_task: Make, make_tag: Make) -> None:
    task, tag = await make_task(ada, due_date="2026-12-01T18:00:00Z"), await make_tag(ada)
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")
    await ada.client.delete(f"/tasks/{task['id']}")

    [entry] = (await export_account(ada))["trash"]

    [shown] = (await ada.client.get("/trash")).json()["items"]
    fields = entry.pop("fields")
    assert entry == shown
    assert (fields["title"], fields["due_date"], fields["tags"]) == (task["title"], task["due_date"], [tag["id"]])


@pytest.mark.spec("ACC-007")
async def test_export_has_format_version_and_headers(ada: Person) -> None:
    response = await ada.client.get("/auth/me/export")

    document = response.json()
    assert list(document) == ["format", "version", "epoch", "exported_at", "user", *SECTIONS]
    assert (document["format"], document["version"]) == ("todo-export", 1)
    assert document["exported_at"].endswith("Z")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(document["exported_at"])) < timedelta(minutes=1)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Disposition"] == 'attachment; filename="todo-export.json"'
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.spec("ACC-007")
async def test_export_of_an_empty_account_has_no_items(ada: Person) -> None:
    document = await export_account(ada)

    assert (document["tags"], document["tasks"]) == ([], [])


@pytest.mark.spec("ACC-007")
async def test_export_excludes_data_of_other_users(ada: Person, bob: Person, make_task: Make, make_tag: Make) -> None:
    await make_task(bob)
    await make_tag(bob)

    document = await export_account(ada)

    assert (document["tags"], document["tasks"]) == ([], [])
    assert str(bob.id) not in json.dumps(document)


@pytest.mark.spec("ACC-007")
async def test_export_contains_no_password_hash(populated_account: Person, connection: asyncpg.Connection) -> None:
    user = await fetch_user(connection, populated_account)

    response = await populated_account.client.get("/auth/me/export")

    assert user["password_hash"] not in response.text
    assert "hash" not in response.text


async def test_export_of_a_deleted_user_is_rejected(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute("DELETE FROM users WHERE id = $1", ada.id)

    response = await ada.client.get("/auth/me/export")

    assert response.status_code == 401


# Size


@pytest.mark.spec("ACC-008")
@pytest.mark.parametrize("task_count", [499, 500, 501, 1_000, 1_200])
async def test_export_contains_all_tasks_of_several_chunks(
    ada: Person, connection: asyncpg.Connection, task_count: int
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, task_count)

    document = await export_account(ada)

    exported_tasks = TypeAdapter(list[TaskPublic]).validate_python(document["tasks"])
    assert [task["title"] for task in exported_tasks] == [f"Task {number}" for number in range(1, task_count + 1)]
    assert len({task["id"] for task in exported_tasks}) == task_count


@pytest.mark.spec("ACC-008")
async def test_export_is_streamed_in_chunks(app: FastAPI, ada: Person, connection: asyncpg.Connection) -> None:
    chunks: list[bytes] = []

    async def record_chunks(scope: Scope, receive: Receive, send: Send) -> None:
        async def record_and_send(message: Message) -> None:
            chunks.append(message.get("body", b""))
            await send(message)

        await app(scope, receive, record_and_send)

    await connection.execute(INSERT_TASKS, ada.id, 1_200)
    transport = ASGITransport(record_chunks)
    async with AsyncClient(transport=transport, base_url=BASE_URL, headers=ada.client.headers) as client:
        response = await client.get("/auth/me/export")

    assert len(response.json()["tasks"]) == 1_200
    assert max(map(len, chunks)) < len(response.content) / 2


@pytest.mark.spec("ACC-008")
async def test_export_runs_a_fixed_number_of_statements(
    recorded_app: RecordedApp, ada: Person, connection: asyncpg.Connection
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 1_200)
    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        response = await client.get("/auth/me/export")

    assert response.status_code == 200
    assert len(recorded_app.statements) <= 13

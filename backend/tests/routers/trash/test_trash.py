"""Deleted tasks and tags are in the trash, until they are restored or purged."""

import asyncio
from datetime import datetime, timedelta

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import Response

from tests.routers.changes.support import read_log
from tests.routers.task_bulk.support import delete_item, write_bulk
from tests.support import RETENTION, Json, Make, MakeToken, Person, assert_error, authorize
from todo.core.clock import utc_now
from todo.services.housekeeping import sweep
from todo.services.trash.service import sweep_trash
from todo.services.trash.statements import BATCH

AGE = "UPDATE changes SET at = now() - $2::interval WHERE user_id = $1"
INSERT_DELETIONS = """
INSERT INTO changes (user_id, seq, batch, action, type, id, before, at)
SELECT $1, i, i, 'delete', 'task', i, '{"title": "Old"}', now() - interval '31 days' FROM generate_series(1, $2) AS i
"""


async def trash_of(owner: Person) -> list[Json]:
    response = await owner.client.get("/trash")
    assert response.status_code == 200, response.text
    items: list[Json] = response.json()["items"]
    return items


async def restore(owner: Person, entry: Json, **headers: str) -> Response:
    return await owner.client.post(f"/trash/{entry['seq']}/restore", headers=headers)


@pytest.fixture
async def tag(ada: Person, make_tag: Make) -> Json:
    return await make_tag(ada, name="home")


@pytest.fixture
async def task(ada: Person, make_task: Make, tag: Json) -> Json:
    """Return a task with the tag."""
    created_task = await make_task(ada, description="The ferns too", due_date="2026-12-01T18:00:00Z", external_id="a")
    response = await ada.client.post(f"/tasks/{created_task['id']}/tags/{tag['id']}")
    tagged_task: Json = response.json()
    return tagged_task


@pytest.fixture
async def entry(ada: Person, task: Json) -> Json:
    """Return the entry of the deleted task."""
    await ada.client.delete(f"/tasks/{task['id']}")
    [entry] = await trash_of(ada)
    return entry


@pytest.mark.spec("TRA-001")
async def test_entry_describes_the_deleted_resource(bob: Person, task: Json, entry: Json) -> None:
    deleted_at, purge_at = (datetime.fromisoformat(entry[name]) for name in ("deleted_at", "purge_at"))

    assert (entry["type"], entry["id"], entry["name"], entry["contains"]) == ("task", task["id"], task["title"], {})
    assert purge_at - deleted_at == timedelta(days=30)
    assert await trash_of(bob) == []


@pytest.mark.spec("TRA-001")
async def test_bulk_deletion_makes_an_entry_for_each_task(ada: Person, make_task: Make) -> None:
    tasks = [await make_task(ada, title=f"{number}") for number in range(3)]

    await write_bulk(ada, *map(delete_item, tasks))

    assert [entry["name"] for entry in await trash_of(ada)] == ["2", "1", "0"]
    first = (await ada.client.get("/trash", params={"limit": 2})).json()
    second = (await ada.client.get("/trash", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [entry["name"] for entry in [*first["items"], *second["items"]]] == ["2", "1", "0"]


@pytest.mark.spec("TRA-002")
async def test_task_is_restored_whole(ada: Person, task: Json, entry: Json) -> None:
    response = await restore(ada, entry)

    assert response.status_code == 200, response.text
    restored = (await ada.client.get(f"/tasks/{task['id']}")).json()
    changed = {name: restored[name] for name in ("version", "updated_at")}
    assert restored == task | changed
    assert restored["version"] > task["version"]
    assert response.json() == {
        "items": [{"type": "task", "id": task["id"], "deleted": False, "data": restored}],
        "left_out": [],
    }
    assert int(response.headers["Change-Seq"]) == entry["seq"] + 1
    assert await trash_of(ada) == []
    found = (await ada.client.get("/tasks", params={"q": "ferns"})).json()["items"]
    assert [item["id"] for item in found] == [task["id"]]


@pytest.mark.spec("TRA-002")
async def test_tag_is_restored_on_its_tasks(ada: Person, task: Json, tag: Json, connection: asyncpg.Connection) -> None:
    await ada.client.delete(f"/tags/{tag['id']}")
    [entry] = await trash_of(ada)

    response = await restore(ada, entry)

    assert [item["type"] for item in response.json()["items"]] == ["tag", "task"]
    assert (await ada.client.get(f"/tasks/{task['id']}")).json()["tags"] == task["tags"]
    *_, of_tag, of_task = await read_log(connection, ada)
    assert [(change["type"], change["action"]) for change in (of_tag, of_task)] == [
        ("tag", "restore"),
        ("task", "update"),
    ]
    assert of_tag["batch"] == of_task["batch"]


@pytest.mark.spec("TRA-003")
async def test_tag_that_is_gone_is_left_out(ada: Person, task: Json, tag: Json, entry: Json) -> None:
    await ada.client.delete(f"/tags/{tag['id']}")

    response = await restore(ada, entry)

    assert response.json()["left_out"] == [f"tag.{tag['id']}"]
    assert (await ada.client.get(f"/tasks/{task['id']}")).json()["tags"] == []


@pytest.mark.spec("TRA-004")
async def test_taken_name_or_external_id_restores_nothing(
    ada: Person, task: Json, tag: Json, entry: Json, make_tag: Make
) -> None:
    other_task = (await ada.client.post("/tasks", json={"title": "Other", "external_id": "a"})).json()
    await ada.client.delete(f"/tags/{tag['id']}")
    await make_tag(ada, name="home")
    tag_entry, task_entry = await trash_of(ada)

    assert task_entry == entry
    assert other_task["id"] != task["id"]
    assert_error(await restore(ada, task_entry), 409, "EXTERNAL_ID_TAKEN")
    assert_error(await restore(ada, tag_entry), 409, "TAG_ALREADY_EXISTS")
    assert len(await trash_of(ada)) == 2


@pytest.mark.spec("TRA-005")
async def test_entry_is_restored_once(ada: Person, entry: Json, bob: Person) -> None:
    responses = await asyncio.gather(*(restore(ada, entry) for _ in range(4)))

    assert sorted(response.status_code for response in responses) == [200, 404, 404, 404]
    assert_error(await restore(ada, entry), 404, "TRASH_ENTRY_NOT_FOUND")
    assert_error(await restore(bob, entry), 404, "TRASH_ENTRY_NOT_FOUND")


@pytest.mark.spec("TRA-005")
async def test_undo_of_a_restoration_puts_the_task_into_the_trash_again(ada: Person, entry: Json) -> None:
    restored = await restore(ada, entry)

    undone = await ada.client.post(f"/changes/{restored.headers['Change-Seq']}/undo", json={})

    assert undone.status_code == 200, undone.text
    [new_entry] = await trash_of(ada)
    assert (new_entry["id"], new_entry["seq"]) == (entry["id"], entry["seq"] + 2)
    assert (await restore(ada, new_entry)).status_code == 200


@pytest.mark.spec("TRA-005")
async def test_earlier_deletion_of_a_task_that_was_deleted_again_is_no_entry(ada: Person, entry: Json) -> None:
    restored = await restore(ada, entry)
    await ada.client.post(f"/changes/{restored.headers['Change-Seq']}/undo", json={})
    [new_entry] = await trash_of(ada)

    assert new_entry["seq"] > entry["seq"]
    assert_error(await restore(ada, entry), 404, "TRASH_ENTRY_NOT_FOUND")
    assert_error(await ada.client.delete(f"/trash/{entry['seq']}"), 404, "TRASH_ENTRY_NOT_FOUND")
    assert await trash_of(ada) == [new_entry]
    assert (await restore(ada, new_entry)).status_code == 200


@pytest.mark.spec("TRA-006")
async def test_purged_entry_leaves_no_content(
    ada: Person, task: Json, entry: Json, connection: asyncpg.Connection
) -> None:
    assert (await ada.client.delete(f"/trash/{entry['seq']}")).status_code == 204

    assert await trash_of(ada) == []
    log = await read_log(connection, ada)
    changes = [change for change in log if (change["type"], change["id"]) == ("task", task["id"])]
    assert len(changes) == 3
    assert {(change["before"], change["after"]) for change in changes} == {(None, None)}
    assert_error(await ada.client.delete(f"/trash/{entry['seq']}"), 404, "TRASH_ENTRY_NOT_FOUND")
    items = (await ada.client.get("/sync")).json()["items"]
    assert task["id"] not in [item["id"] for item in items if item["type"] == "task"]


@pytest.mark.spec("TRA-006")
async def test_trash_is_emptied(ada: Person, bob: Person, entry: Json, tag: Json, make_task: Make) -> None:
    await ada.client.delete(f"/tags/{tag['id']}")
    other = await make_task(bob)
    await bob.client.delete(f"/tasks/{other['id']}")

    assert entry in await trash_of(ada)
    assert (await ada.client.delete("/trash")).status_code == 204
    assert (await ada.client.delete("/trash")).status_code == 204
    assert await trash_of(ada) == []
    assert len(await trash_of(bob)) == 1


@pytest.mark.spec("TRA-007")
async def test_scopes_of_the_trash(ada: Person, entry: Json, tag: Json, make_token: MakeToken) -> None:
    await ada.client.delete(f"/tags/{tag['id']}")
    read_tasks, write_tags, write_tasks = [
        authorize((await make_token(ada, *scopes))["token"])
        for scopes in (["tasks:read"], ["tags:read", "tags:write"], ["tasks:write"])
    ]

    listed = (await ada.client.get("/trash", headers=read_tasks)).json()["items"]
    path = f"/trash/{entry['seq']}"

    assert [item["type"] for item in listed] == ["task"]
    assert_error(await ada.client.get("/trash", headers=write_tasks), 403, "INSUFFICIENT_SCOPE")
    assert_error(await ada.client.post(f"{path}/restore", headers=read_tasks), 403, "INSUFFICIENT_SCOPE")
    assert_error(await ada.client.delete(path, headers=write_tags), 403, "INSUFFICIENT_SCOPE")
    assert_error(await ada.client.delete("/trash", headers=write_tags), 403, "INSUFFICIENT_SCOPE")
    assert (await ada.client.post(f"{path}/restore", headers=write_tasks)).status_code == 200


@pytest.mark.spec("TRA-007", "HIS-013")
@pytest.mark.parametrize("way", ["restore", "undo"])
async def test_response_leaves_out_tasks_that_the_token_cannot_read(
    ada: Person, task: Json, tag: Json, make_token: MakeToken, way: str
) -> None:
    await ada.client.delete(f"/tags/{tag['id']}")
    [entry] = await trash_of(ada)
    token = await make_token(ada, "tags:read", "tags:write")
    path = f"/trash/{entry['seq']}/restore" if way == "restore" else f"/changes/{entry['seq']}/undo"

    response = await ada.client.post(path, json={}, headers=authorize(token["token"]))

    assert response.status_code == 200, response.text
    assert [item["type"] for item in response.json()["items"]] == ["tag"]
    assert (await ada.client.get(f"/tasks/{task['id']}")).json()["tags"] == task["tags"]


@pytest.mark.spec("TRA-008")
async def test_old_entries_are_not_shown_and_are_purged_by_the_sweep(
    ada: Person, entry: Json, app: FastAPI, connection: asyncpg.Connection
) -> None:
    await connection.execute(AGE, ada.id, timedelta(days=31))
    assert await trash_of(ada) == []
    assert_error(await restore(ada, entry), 404, "TRASH_ENTRY_NOT_FOUND")

    await asyncio.gather(*(sweep(app.state.resources.database.session, RETENTION) for _ in range(3)))

    changes = await read_log(connection, ada)
    assert {change["before"] for change in changes if change["id"] == entry["id"] and change["type"] == "task"} == {
        None
    }
    assert changes


@pytest.mark.spec("TRA-005", "TRA-008")
async def test_sweep_keeps_a_task_that_was_deleted_again_by_a_redo(
    ada: Person, entry: Json, app: FastAPI, connection: asyncpg.Connection
) -> None:
    restored = await restore(ada, entry)
    await connection.execute(AGE, ada.id, timedelta(days=31))
    await ada.client.post(f"/changes/{restored.headers['Change-Seq']}/undo", json={})
    [new_entry] = await trash_of(ada)

    await sweep(app.state.resources.database.session, RETENTION)

    assert await trash_of(ada) == [new_entry]
    assert (await restore(ada, new_entry)).status_code == 200


@pytest.mark.spec("TRA-008")
async def test_sweep_purges_one_batch_at_a_time(ada: Person, app: FastAPI, connection: asyncpg.Connection) -> None:
    session, before = app.state.resources.database.session, utc_now() - timedelta(days=30)
    await sweep(session, RETENTION)
    await connection.execute(INSERT_DELETIONS, ada.id, BATCH + 1)

    assert [await sweep_trash(session, before) for _ in range(3)] == [True, True, False]
    assert {change["before"] for change in await read_log(connection, ada)} == {None}


@pytest.mark.spec("TRA-009")
async def test_old_changes_are_deleted_and_their_tokens_expire(
    ada: Person, bob: Person, entry: Json, app: FastAPI, connection: asyncpg.Connection, make_task: Make
) -> None:
    token = (await ada.client.get("/sync")).json()["next"]
    await make_task(ada)
    await make_task(bob)
    await connection.execute(AGE, ada.id, timedelta(days=181))

    await asyncio.gather(*(sweep(app.state.resources.database.session, RETENTION) for _ in range(3)))

    assert entry
    assert await read_log(connection, ada) == []
    assert len(await read_log(connection, bob)) == 1
    assert_error(await ada.client.get("/sync", params={"since": token}), 410, "SYNC_TOKEN_EXPIRED")
    new_token = (await ada.client.get("/sync")).json()["next"]
    assert (await ada.client.get("/sync", params={"since": new_token})).status_code == 200

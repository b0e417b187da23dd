"""Sync: full and delta pages."""

from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient

from tests.routers.changes.copies import Copy, assert_equal, keys_of, read_page, read_token, request_page
from tests.routers.task_bulk.support import create_item, delete_item, update_item, write_bulk
from tests.support import Make, MakeToken, Person, RecordedApp, assert_error, authorize, make_client


@pytest.mark.spec("SYN-001")
async def test_full_sync_returns_all_resources_as_their_routes_do(ada: Person, make_task: Make, make_tag: Make) -> None:
    task, tag = await make_task(ada, due_date="2026-12-01T18:00:00Z", external_id="import-7"), await make_tag(ada)
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    page = await read_page(ada)

    assert page["full"]
    assert not page["has_more"]
    assert keys_of(page) == [("account", None), ("tag", tag["id"]), ("task", task["id"])]
    assert [item["data"] for item in page["items"]] == [
        (await ada.client.get("/auth/me")).json(),
        tag,
        (await ada.client.get(f"/tasks/{task['id']}")).json(),
    ]


@pytest.mark.spec("SYN-001")
async def test_account_without_changes_has_its_account_alone(ada: Person) -> None:
    page = await read_page(ada)

    assert keys_of(page) == [("account", None)]
    assert not (await read_page(ada, page["next"]))["items"]


@pytest.mark.spec("SYN-001")
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, 1000])
async def test_full_sync_has_pages_by_type_and_id(ada: Person, make_task: Make, make_tag: Make, limit: int) -> None:
    tags = [await make_tag(ada) for _ in range(2)]
    tasks = [await make_task(ada) for _ in range(4)]
    expected = [("account", None), *(("tag", tag["id"]) for tag in tags), *(("task", task["id"]) for task in tasks)]
    copy, keys = Copy(), []

    while not copy.is_consistent:
        page = await copy.read_page(ada, limit=limit)
        assert page["full"]
        assert len(page["items"]) <= limit
        keys += keys_of(page)

    assert keys == expected
    await assert_equal(copy, ada)


@pytest.mark.spec("SYN-001")
async def test_changes_during_a_full_sync_are_in_the_delta_after_it(ada: Person, make_task: Make) -> None:
    first, second, third = [await make_task(ada) for _ in range(3)]
    copy = Copy()
    await copy.read_page(ada, limit=3)

    await ada.client.patch(f"/tasks/{first['id']}", json={"title": "Changed behind the position"})
    await ada.client.delete(f"/tasks/{second['id']}")
    await ada.client.delete(f"/tasks/{third['id']}")
    last_full_page = await copy.read_page(ada)
    delta = await copy.read_page(ada)

    assert (last_full_page["full"], last_full_page["has_more"]) == (True, True)
    assert (delta["full"], delta["has_more"]) == (False, False)
    assert keys_of(delta) == [("task", task["id"]) for task in (first, second, third)]
    await assert_equal(copy, ada)


@pytest.mark.spec("SYN-002")
async def test_delta_has_each_changed_resource_once_in_its_current_state(
    ada: Person, make_task: Make, make_tag: Make
) -> None:
    task, other, tag = await make_task(ada), await make_task(ada), await make_tag(ada)
    token = await read_token(ada)

    await ada.client.patch(f"/tasks/{task['id']}", json={"title": "One"})
    await ada.client.put(f"/tags/{tag['id']}", json={"name": "renamed"})
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")
    page = await read_page(ada, token)

    assert not page["full"]
    assert not page["has_more"]
    assert keys_of(page) == [("tag", tag["id"]), ("task", task["id"])]
    assert page["items"][1]["data"] == (await ada.client.get(f"/tasks/{task['id']}")).json()
    assert other["id"] not in {item["id"] for item in page["items"]}


@pytest.mark.spec("SYN-002")
async def test_deleted_resource_has_no_data(ada: Person, make_task: Make, make_tag: Make) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    token = await read_token(ada)

    await ada.client.delete(f"/tasks/{task['id']}")
    await ada.client.delete(f"/tags/{tag['id']}")
    new_task = await make_task(ada)
    await ada.client.delete(f"/tasks/{new_task['id']}")
    page = await read_page(ada, token)

    assert page["items"] == [
        {"type": "task", "id": task["id"], "deleted": True, "data": None},
        {"type": "tag", "id": tag["id"], "deleted": True, "data": None},
        {"type": "task", "id": new_task["id"], "deleted": True, "data": None},
    ]


@pytest.mark.spec("SYN-002")
async def test_request_without_a_change_gets_no_item_and_the_same_token(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    token = await read_token(ada)
    await ada.client.patch(f"/tasks/{task['id']}", json={"title": task["title"]})

    assert await read_page(ada, token) == {"items": [], "next": token, "has_more": False, "full": False}


@pytest.mark.spec("SYN-003")
async def test_page_ends_at_the_end_of_a_request(ada: Person, make_task: Make) -> None:
    token = await read_token(ada)
    first = await make_task(ada)
    await write_bulk(ada, *(create_item(f"{number}") for number in range(3)))
    await make_task(ada)

    lengths = {}
    for limit in range(1, 7):
        copy, lengths[limit] = Copy(), list[int]()
        copy.next = token
        while not copy.is_consistent:
            lengths[limit].append(len((await copy.read_page(ada, limit=limit))["items"]))
        assert first["id"] in copy.resources["task"]

    # The bulk request has three changes, between requests with one.
    assert lengths == {1: [1, 3, 1], 2: [1, 3, 1], 3: [1, 3, 1], 4: [4, 1], 5: [5], 6: [5]}


@pytest.mark.spec("SYN-003")
async def test_request_with_more_changes_than_the_limit_is_whole(ada: Person) -> None:
    token = await read_token(ada)
    response = await write_bulk(ada, *(create_item(f"{number}") for number in range(25)))
    tasks = [result["task"] for result in response.json()["results"]]
    await write_bulk(ada, *(update_item(task, completed=True) for task in tasks[:12]), delete_item(tasks[12]))

    page = await read_page(ada, token, limit=3)
    last_page = await read_page(ada, page["next"], limit=3)

    assert (len(page["items"]), page["has_more"]) == (25, True)
    assert (len(last_page["items"]), last_page["has_more"]) == (13, False)


@pytest.mark.spec("SYN-007")
async def test_access_token_gets_the_types_that_its_scopes_read(
    ada: Person, client: AsyncClient, make_task: Make, make_tag: Make, make_token: MakeToken
) -> None:
    types_by_scope = {"account": {"account"}, "tags:read": {"tag"}, "tasks:read": {"task"}}
    tokens = {scope: (await make_token(ada, scope))["token"] for scope in types_by_scope}
    pages = {scope: (await client.get("/sync", headers=authorize(token))).json() for scope, token in tokens.items()}
    await make_task(ada)
    await make_tag(ada)
    await ada.client.patch("/auth/me", json={"name": "Ada"})

    for scope, types in types_by_scope.items():
        since = {"since": pages[scope]["next"], "limit": 1}
        page = (await client.get("/sync", headers=authorize(tokens[scope]), params=since)).json()
        assert {item["type"] for item in page["items"]} == types
        assert not page["has_more"]
        full = (await client.get("/sync", headers=authorize(tokens[scope]))).json()
        assert {item["type"] for item in full["items"]} == types


@pytest.mark.spec("SYN-009")
@pytest.mark.parametrize(
    ("query", "code"),
    [({"limit": 0}, "INVALID_PAGINATION"), ({"limit": -1}, "INVALID_PAGINATION"), ({"wait": -1}, "INVALID_WAIT")],
)
async def test_number_below_the_minimum_is_a_400(ada: Person, query: dict[str, Any], code: str) -> None:
    assert_error(await request_page(ada, **query), 400, code)


@pytest.mark.spec("SYN-009")
async def test_greater_numbers_count_as_the_maximum(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    await connection.execute(
        "INSERT INTO tasks (user_id, title, title_key) SELECT $1, 'x', 'x' FROM generate_series(1, 1001)", ada.id
    )

    page = await read_page(ada, limit=10**18, wait=10**18)

    assert (len(page["items"]), page["has_more"]) == (1000, True)
    await make_task(ada)
    assert len((await read_page(ada, limit=1001))["items"]) == 1000
    assert len((await read_page(ada))["items"]) == 500


@pytest.mark.spec("SYN-009")
async def test_empty_parameters_count_as_absent(ada: Person) -> None:
    response = await ada.client.get("/sync?since=&limit=&wait=")

    assert response.json()["full"]


@pytest.mark.spec("SYN-013")
async def test_page_is_compressed_and_not_stored(ada: Person, make_task: Make) -> None:
    for _ in range(5):
        await make_task(ada)

    response = await ada.client.get("/sync", headers={"Accept-Encoding": "gzip"})

    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers
    assert len(response.json()["items"]) == 6


@pytest.mark.spec("SYN-014")
async def test_page_takes_as_many_statements_as_there_are_types(
    ada: Person, recorded_app: RecordedApp, make_task: Make, make_tag: Make
) -> None:
    token = await read_token(ada)
    for _ in range(10):
        await make_task(ada)
        await make_tag(ada)
    await ada.client.patch("/auth/me", json={"name": "Ada"})

    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        for query in ({"since": token}, {}):
            recorded_app.statements.clear()
            page = (await client.get("/sync", params=query)).json()

            assert len(page["items"]) == 21
            reads = [sql for sql in recorded_app.statements if sql.startswith("SELECT")]
            # The clock, for a delta the log, and the changed types; all types for a full sync.
            assert len(reads) == (5 if query else 7), reads


@pytest.mark.spec("SYN-001")
async def test_sync_of_a_deleted_account_is_a_401(ada: Person, connection: asyncpg.Connection) -> None:
    token = await read_token(ada)
    await connection.execute("DELETE FROM users WHERE id = $1", ada.id)

    assert_error(await request_page(ada), 401, "INVALID_TOKEN")
    assert_error(await request_page(ada, token), 401, "INVALID_TOKEN")


@pytest.mark.spec("SYN-016")
async def test_page_tells_the_number_of_the_last_change_in_the_copy(ada: Person, make_task: Make) -> None:
    created = [await ada.client.post("/tasks", json={"title": f"{number}"}) for number in range(3)]
    last = created[-1].headers["Change-Seq"]

    full = await ada.client.get("/sync")
    await make_task(ada)
    delta = await ada.client.get("/sync", params={"since": full.json()["next"]})

    assert full.headers["Change-Seq"] == last
    assert int(delta.headers["Change-Seq"]) == int(last) + 1

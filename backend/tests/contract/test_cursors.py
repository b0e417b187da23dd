"""Lists with a cursor, and lists without a total."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator

import asyncpg
import pytest
from httpx import Response

from tests.support import Json, Make, Person, assert_error

SORTS = [direction + field for field in ("created_at", "due_date", "priority", "title") for direction in ("", "-")]
INSERT_TASKS = """
WITH inserted AS (
INSERT INTO tasks (user_id, title, title_key, description, completed, priority, due_date, created_at)
SELECT $1,
       (ARRAY['alpha', 'Alpha', 'BETA', 'ÉTÉ', 'été'])[1 + i % 5],
       (ARRAY['alpha', 'alpha', 'beta', 'ete', 'ete'])[1 + i % 5],
       CASE WHEN i % 2 = 0 THEN 'An even one' END,
       i % 2 = 0,
       (ARRAY['low', 'medium', 'high'])[1 + i % 3],
       CASE WHEN i % 4 > 0 THEN timestamptz '2026-12-01 10:00:00.123456Z' + i % 3 * interval '1 microsecond' END,
       timestamptz '2026-01-01 10:00:00.123456Z' + i % 4 * interval '1 microsecond'
FROM generate_series(1, $2) AS i
RETURNING *
)
INSERT INTO task_search (user_id, task_id, title, description)
SELECT user_id, id, lower(title), lower(coalesce(description, '')) FROM inserted
"""
"""Tasks with equal values in each order, and with instants that differ by a microsecond."""


async def get(owner: Person, **query: object) -> Response:
    return await owner.client.get("/tasks", params={name: str(value) for name, value in query.items()})


async def read_page(owner: Person, **query: object) -> Json:
    response = await get(owner, **query)
    assert response.status_code == 200, response.text
    page: Json = response.json()
    return page


async def read_pages(owner: Person, **query: object) -> AsyncIterator[Json]:
    """Yield the pages of a list. The first page has a number, the following pages have a cursor."""
    page = await read_page(owner, **query)
    yield page
    while page["next_cursor"] is not None:
        page = await read_page(owner, cursor=page["next_cursor"], **query)
        yield page


def ids(page: Json) -> list[int]:
    return [task["id"] for task in page["items"]]


@pytest.mark.spec("CUR-001")
@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("filters", [{}, {"q": "e", "status": "pending"}], ids=["all", "searched"])
async def test_pages_with_a_cursor_are_in_the_order_of_the_list(
    ada: Person, connection: asyncpg.Connection, sort: str, filters: Json
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 60)
    all_ids = ids(await read_page(ada, sort=sort, limit=100, **filters))

    pages = [ids(page) async for page in read_pages(ada, sort=sort, limit=7, **filters)]

    assert [task_id for page in pages for task_id in page] == all_ids
    assert all(pages)


@pytest.mark.spec("CUR-001")
async def test_cursor_continues_after_a_numbered_page(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 25)
    first, second = [await read_page(ada, page=page) for page in (1, 2)]

    by_cursor = await read_page(ada, cursor=first["next_cursor"])

    assert ids(by_cursor) == ids(second)
    assert (by_cursor["page"], by_cursor["total"], by_cursor["pages"]) == (None, 25, 2)
    assert second["next_cursor"] is None


@pytest.mark.spec("CUR-002")
@pytest.mark.parametrize("sort", SORTS)
async def test_pages_contain_each_task_once_during_other_writes(
    ada: Person, make_task: Make, connection: asyncpg.Connection, sort: str
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 30)
    permanent_ids = set(ids(await read_page(ada, limit=100))[::2])

    listed_ids: list[int] = []
    async for page in read_pages(ada, sort=sort, limit=4):
        listed_ids += ids(page)
        await make_task(ada, title="alpha", due_date="2026-12-01T10:00:00.123457Z", priority="medium")
        temporary_ids = [task_id for task_id in ids(await read_page(ada, limit=100)) if task_id not in permanent_ids]
        await ada.client.delete(f"/tasks/{min(temporary_ids)}")

    assert len(set(listed_ids)) == len(listed_ids)
    assert permanent_ids <= set(listed_ids)


@pytest.mark.spec("CUR-003")
async def test_total_is_omitted_on_request(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 5)

    first = await read_page(ada, total="false", limit=3)
    second = await read_page(ada, total="false", limit=3, page=2)

    assert [(page["total"], page["pages"]) for page in (first, second)] == [(None, None)] * 2
    assert [len(page["items"]) for page in (first, second)] == [3, 2]
    assert first["next_cursor"] is not None
    assert second["next_cursor"] is None


@pytest.mark.spec("CUR-003")
async def test_empty_list_has_no_items_and_no_cursor_without_a_total(ada: Person) -> None:
    page = await read_page(ada, total="false")

    assert (page["items"], page["next_cursor"]) == ([], None)


def encode_cursor(content: str) -> str:
    return urlsafe_b64encode(content.encode()).decode().rstrip("=")


@pytest.mark.spec("CUR-004")
@pytest.mark.parametrize(
    ("sort", "cursor"),
    [
        ("title", "é"),
        ("title", "====="),
        ("title", "x" * 5000),
        ("title", encode_cursor("[")),
        ("title", encode_cursor("[" * 1000)),
        ("title", encode_cursor("null")),
        ("title", encode_cursor('{"title": 1}')),
        ("title", encode_cursor('["title"]')),
        ("title", encode_cursor('["-title", "a", 1]')),
        ("title", encode_cursor('["created_at", "2026-12-01T00:00:00Z", 1]')),
        ("title", encode_cursor('["title", "a\\u0000", 1]')),
        ("title", encode_cursor('["title", "a", 0]')),
        ("title", encode_cursor(f'["title", "a", {2**63}]')),
        ("title", encode_cursor('["title", "a", 1.5]')),
        ("title", encode_cursor('["title", "a", true]')),
        ("title", encode_cursor('["title", null, 1]')),
        ("priority", encode_cursor('["priority", "urgent", 1]')),
        ("created_at", encode_cursor('["created_at", null, 1]')),
        ("created_at", encode_cursor('["created_at", "2026-12-01T00:00:00", 1]')),
        ("created_at", encode_cursor('["created_at", "0001-01-01T00:00:00+23:00", 1]')),
        ("created_at", encode_cursor('["created_at", 1e300, 1]')),
        ("due_date", encode_cursor('["due_date", "soon", 1]')),
    ],
)
async def test_invalid_cursor_is_rejected(ada: Person, sort: str, cursor: str) -> None:
    response = await get(ada, sort=sort, cursor=cursor)

    assert_error(response, 400, "INVALID_CURSOR", "Cursor is not valid for this list")
    assert [error["field"] for error in response.json()["errors"]] == ["cursor"]


@pytest.mark.spec("CUR-004")
async def test_cursor_with_a_page_is_rejected(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 3)
    cursor = (await read_page(ada, limit=1))["next_cursor"]

    assert_error(await get(ada, limit=1, page=2, cursor=cursor), 400, "INVALID_CURSOR")


@pytest.mark.spec("CUR-004")
async def test_cursor_of_another_user_lists_no_tasks_of_this_user(
    ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    for owner in (ada, bob):
        await connection.execute(INSERT_TASKS, owner.id, 3)
    cursor = (await read_page(bob, limit=1))["next_cursor"]

    page = await read_page(ada, cursor=cursor)

    assert {task["user_id"] for task in page["items"]} <= {str(ada.id)}

"""Lists walked by a cursor, and lists that are not counted."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator

import asyncpg
import pytest
from httpx import Response

from tests.support import Json, Make, Person, assert_error
from todo.core.database.url import connect_arguments

SORTS = [direction + field for field in ("created_at", "due_date", "priority", "title") for direction in ("", "-")]
INSERT_TASKS = """
INSERT INTO tasks (user_id, title, description, completed, priority, due_date, created_at)
SELECT $1,
       (ARRAY['alpha', 'Alpha', 'BETA', 'ÉTÉ', 'été'])[1 + i % 5],
       CASE WHEN i % 2 = 0 THEN 'An even one' END,
       i % 2 = 0,
       (ARRAY['low', 'medium', 'high'])[1 + i % 3],
       CASE WHEN i % 4 > 0 THEN timestamptz '2026-12-01 10:00:00.123456Z' + i % 3 * interval '1 microsecond' END,
       timestamptz '2026-01-01 10:00:00.123456Z' + i % 4 * interval '1 microsecond'
FROM generate_series(1, $2) AS i
"""
"""Tasks that tie with others in every order, and differ by a microsecond."""


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(**connect_arguments(database_url))
    yield connection
    await connection.close()


async def get(owner: Person, **query: object) -> Response:
    return await owner.client.get("/tasks", params={name: str(value) for name, value in query.items()})


async def read_page(owner: Person, **query: object) -> Json:
    response = await get(owner, **query)
    assert response.status_code == 200, response.text
    page: Json = response.json()
    return page


async def walk(owner: Person, **query: object) -> AsyncIterator[Json]:
    """Give the pages of a list, the first one by its number and the others by cursor."""
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
async def test_walks_a_list_in_its_order(ada: Person, connection: asyncpg.Connection, sort: str, filters: Json) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 60)
    whole = ids(await read_page(ada, sort=sort, limit=100, **filters))

    pages = [ids(page) async for page in walk(ada, sort=sort, limit=7, **filters)]

    assert [task_id for page in pages for task_id in page] == whole
    assert all(pages)


@pytest.mark.spec("CUR-001")
async def test_goes_on_from_a_page_that_was_asked_for_by_number(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 25)
    second, third = [await read_page(ada, page=page) for page in (1, 2)]

    by_cursor = await read_page(ada, cursor=second["next_cursor"])

    assert ids(by_cursor) == ids(third)
    assert (by_cursor["page"], by_cursor["total"], by_cursor["pages"]) == (None, 25, 2)
    assert third["next_cursor"] is None


@pytest.mark.spec("CUR-002")
@pytest.mark.parametrize("sort", SORTS)
async def test_shows_each_task_once_while_others_come_and_go(
    ada: Person, make_task: Make, connection: asyncpg.Connection, sort: str
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 30)
    there_all_along = set(ids(await read_page(ada, limit=100))[::2])

    seen: list[int] = []
    async for page in walk(ada, sort=sort, limit=4):
        seen += ids(page)
        await make_task(ada, title="alpha", due_date="2026-12-01T10:00:00.123457Z", priority="medium")
        others = [task_id for task_id in ids(await read_page(ada, limit=100)) if task_id not in there_all_along]
        await ada.client.delete(f"/tasks/{min(others)}")

    assert len(set(seen)) == len(seen)
    assert there_all_along <= set(seen)


@pytest.mark.spec("CUR-003")
async def test_leaves_out_the_total_on_request(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 5)

    first = await read_page(ada, total="false", limit=3)
    second = await read_page(ada, total="false", limit=3, page=2)

    assert [(page["total"], page["pages"]) for page in (first, second)] == [(None, None)] * 2
    assert [len(page["items"]) for page in (first, second)] == [3, 2]
    assert first["next_cursor"] is not None
    assert second["next_cursor"] is None


@pytest.mark.spec("CUR-003")
async def test_is_empty_without_a_total_too(ada: Person) -> None:
    page = await read_page(ada, total="false")

    assert (page["items"], page["next_cursor"]) == ([], None)


def forge(content: str) -> str:
    return urlsafe_b64encode(content.encode()).decode().rstrip("=")


@pytest.mark.spec("CUR-004")
@pytest.mark.parametrize(
    ("sort", "cursor"),
    [
        ("title", ""),
        ("title", "é"),
        ("title", "====="),
        ("title", "x" * 5000),
        ("title", forge("[")),
        ("title", forge("[" * 1000)),
        ("title", forge("null")),
        ("title", forge('{"title": 1}')),
        ("title", forge('["title"]')),
        ("title", forge('["-title", "a", 1]')),
        ("title", forge('["created_at", "2026-12-01T00:00:00Z", 1]')),
        ("title", forge('["title", "a\\u0000", 1]')),
        ("title", forge('["title", "a", 0]')),
        ("title", forge(f'["title", "a", {2**63}]')),
        ("title", forge('["title", "a", 1.5]')),
        ("title", forge('["title", "a", true]')),
        ("title", forge('["title", null, 1]')),
        ("priority", forge('["priority", "urgent", 1]')),
        ("created_at", forge('["created_at", null, 1]')),
        ("created_at", forge('["created_at", "2026-12-01T00:00:00", 1]')),
        ("created_at", forge('["created_at", "0001-01-01T00:00:00+23:00", 1]')),
        ("created_at", forge('["created_at", 1e300, 1]')),
        ("due_date", forge('["due_date", "soon", 1]')),
    ],
)
async def test_refuses_a_cursor_that_it_did_not_give_for_this_order(ada: Person, sort: str, cursor: str) -> None:
    response = await get(ada, sort=sort, cursor=cursor)

    assert_error(response, 400, "INVALID_CURSOR", "Cursor is not valid for this list")
    assert [error["field"] for error in response.json()["errors"]] == ["cursor"]


@pytest.mark.spec("CUR-004")
async def test_refuses_a_cursor_beside_a_page(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 3)
    cursor = (await read_page(ada, limit=1))["next_cursor"]

    assert_error(await get(ada, limit=1, page=2, cursor=cursor), 400, "INVALID_CURSOR")


@pytest.mark.spec("CUR-004")
async def test_shows_nothing_of_somebody_else_for_their_cursor(
    ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    for owner in (ada, bob):
        await connection.execute(INSERT_TASKS, owner.id, 3)
    cursor = (await read_page(bob, limit=1))["next_cursor"]

    page = await read_page(ada, cursor=cursor)

    assert {task["user_id"] for task in page["items"]} <= {str(ada.id)}

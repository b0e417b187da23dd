"""Pages of lists: page, limit and completeness."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from tests.routers.task_lists.support import INSERT_TASKS, assert_query_error, list_tasks, list_titles, request_tasks
from tests.support import Json, Make, Person

PAGINATION_ERROR = "Page and limit must be positive integers"
PRIORITY_RANKS = {"high": 1, "medium": 2, "low": 3}
AFTER_EVERY_DATE = "~"
"""A sort key after every date."""
SORT_KEYS: dict[str, Callable[[Json], Any]] = {
    "created_at": lambda task: task["created_at"],
    "due_date": lambda task: task["due_date"] or AFTER_EVERY_DATE,
    "priority": lambda task: PRIORITY_RANKS[task["priority"]],
    "title": lambda task: task["title"].lower(),
}


# Page and limit


@pytest.mark.spec("TSK-010")
async def test_second_page_is_returned(ada: Person, make_task: Make) -> None:
    for number in range(5):
        await make_task(ada, title=str(number))

    page = await list_tasks(ada, page=2, limit=2, sort="title")

    assert [task["title"] for task in page.pop("items")] == ["2", "3"]
    assert page.pop("next_cursor")
    assert page == {"total": 5, "page": 2, "limit": 2, "pages": 3}


async def test_last_page_has_the_remaining_tasks(ada: Person, make_task: Make) -> None:
    for number in range(5):
        await make_task(ada, title=str(number))

    assert await list_titles(ada, page=3, limit=2, sort="title") == ["4"]


@pytest.mark.parametrize(("task_count", "pages"), [(1, 1), (2, 1), (3, 2), (4, 2)])
async def test_pages_is_total_divided_by_limit(
    ada: Person, connection: asyncpg.Connection, task_count: int, pages: int
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, task_count)

    assert (await list_tasks(ada, limit=2))["pages"] == pages


async def test_default_limit_is_20(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 21)

    page = await list_tasks(ada)

    assert (len(page["items"]), page["limit"], page["pages"]) == (20, 20, 2)


@pytest.mark.parametrize("number", [3, 10**9, 2**63, 10**18, 10**30])
async def test_page_after_the_last_is_empty(ada: Person, connection: asyncpg.Connection, number: int) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 3)

    page = await list_tasks(ada, page=number, limit=2)

    assert page == {"items": [], "total": 3, "page": number, "limit": 2, "pages": 2, "next_cursor": None}


@pytest.mark.spec("FLT-016")
@pytest.mark.parametrize(("limit", "effective_limit"), [(99, 99), (100, 100), (101, 100), (1000, 100), (10**30, 100)])
async def test_limit_is_capped_at_100(
    ada: Person, connection: asyncpg.Connection, limit: int, effective_limit: int
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 101)

    page = await list_tasks(ada, limit=limit)

    assert (len(page["items"]), page["limit"], page["pages"]) == (effective_limit, effective_limit, 2)


# Invalid numbers


@pytest.mark.spec("FLT-015")
@pytest.mark.parametrize("parameter", ["page", "limit"])
@pytest.mark.parametrize("number", [0, -1, -(10**30)])
async def test_number_below_one_is_rejected(ada: Person, parameter: str, number: int) -> None:
    response = await request_tasks(ada, **{parameter: number})

    assert_query_error(response, 400, "INVALID_PAGINATION", parameter)
    assert response.json()["detail"] == PAGINATION_ERROR


@pytest.mark.parametrize("parameter", ["page", "limit"])
@pytest.mark.parametrize("text", ["two", "1.5", "true", "1e3", "0x1"])
async def test_non_integer_is_rejected(ada: Person, parameter: str, text: str) -> None:
    response = await request_tasks(ada, **{parameter: text})

    assert_query_error(response, 422, "VALIDATION_ERROR", parameter)


async def test_number_of_5000_digits_does_not_fail(ada: Person) -> None:
    response = await request_tasks(ada, page=5000 * "9")

    assert response.status_code < 500


# Completeness


@pytest.mark.spec("TSK-010")
@pytest.mark.parametrize("direction", ["", "-"], ids=["ascending", "descending"])
@pytest.mark.parametrize("field", SORT_KEYS)
async def test_pages_contain_each_task_once_in_order(
    ada: Person, connection: asyncpg.Connection, field: str, direction: str
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 1000)

    pages = [await list_tasks(ada, sort=direction + field, page=page, limit=100) for page in range(1, 11)]

    tasks = [task for page in pages for task in page["items"]]
    keys = [SORT_KEYS[field](task) for task in tasks]
    assert len({task["id"] for task in tasks}) == len(tasks) == 1000
    assert keys == sorted(keys, reverse=direction == "-")


async def test_pages_of_the_default_order_contain_each_task_once(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 1000)

    pages = await asyncio.gather(*(list_tasks(ada, page=page, limit=7) for page in range(1, 144)))

    ids = [task["id"] for page in pages for task in page["items"]]
    assert len(set(ids)) == len(ids) == 1000
    assert {(page["total"], page["pages"]) for page in pages} == {(1000, 143)}

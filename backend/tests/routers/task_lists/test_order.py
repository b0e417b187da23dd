"""Sort fields of lists."""

import pytest

from tests.routers.task_lists.support import list_titles, request_tasks
from tests.support import Json, Make, Person, assert_error

SORT_ERROR = "Sort field must be one of: due_date, priority, created_at, title"


@pytest.mark.spec("FLT-010")
@pytest.mark.parametrize(
    ("sort", "titles"),
    [("due_date", ["soon", "later", "never"]), ("-due_date", ["never", "later", "soon"])],
)
async def test_null_due_date_sorts_after_every_date(ada: Person, make_task: Make, sort: str, titles: list[str]) -> None:
    await make_task(ada, title="later", due_date="2026-12-01T12:00:00Z")
    await make_task(ada, title="never")
    await make_task(ada, title="soon", due_date="2026-12-01T12:00:00+02:00")

    assert await list_titles(ada, sort=sort) == titles


@pytest.mark.spec("FLT-011")
@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({"sort": "-created_at"}, ["3", "2", "1"]),
        ({"sort": "created_at"}, ["1", "2", "3"]),
        ({}, ["3", "2", "1"]),
    ],
    ids=["descending", "ascending", "default"],
)
async def test_list_sorts_by_created_at(ada: Person, make_task: Make, query: Json, titles: list[str]) -> None:
    for title in ("1", "2", "3"):
        await make_task(ada, title=title)

    assert await list_titles(ada, **query) == titles


@pytest.mark.spec("FLT-012")
@pytest.mark.parametrize(
    ("sort", "titles"),
    [("priority", ["high", "medium", "low"]), ("-priority", ["low", "medium", "high"])],
)
async def test_priority_sorts_by_rank(ada: Person, make_task: Make, sort: str, titles: list[str]) -> None:
    for priority in ("medium", "low", "high"):
        await make_task(ada, title=priority, priority=priority)

    assert await list_titles(ada, sort=sort) == titles


@pytest.mark.spec("FLT-013")
@pytest.mark.parametrize(
    ("sort", "titles"),
    [("title", ["apple", "Banana", "cherry"]), ("-title", ["cherry", "Banana", "apple"])],
)
async def test_title_sort_ignores_case(ada: Person, make_task: Make, sort: str, titles: list[str]) -> None:
    for title in ("cherry", "Banana", "apple"):
        await make_task(ada, title=title)

    assert await list_titles(ada, sort=sort) == titles


@pytest.mark.spec("FLT-014")
@pytest.mark.parametrize(
    "sort", ["-", "name", "id", "Title", "--title", "+title", "title ", "title,priority", "title desc"]
)
async def test_unknown_sort_field_is_rejected(ada: Person, sort: str) -> None:
    response = await request_tasks(ada, sort=sort)

    assert_error(response, 400, "INVALID_SORT_FIELD", SORT_ERROR)

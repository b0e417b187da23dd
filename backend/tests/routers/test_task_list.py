"""Lists of tasks: filtered, searched, sorted and cut into pages, always the caller's own alone."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from httpx import Response

from tests.support import Json, Make, Person, RecordedApp, assert_error, make_client

PAGINATION_ERROR = "Page and limit must be positive integers"
STATUS_ERROR = "Status must be one of: all, pending, completed"
SORT_ERROR = "Sort field must be one of: due_date, priority, created_at, title"
PRIORITY_ERROR = "Priority must be low, medium, or high"

INSERT_TASKS = """
INSERT INTO tasks (user_id, title, description, completed, priority, due_date, created_at)
SELECT $1,
       (ARRAY['alpha', 'Alpha', 'BETA', 'beta'])[1 + i % 4],
       CASE WHEN i % 2 = 0 THEN 'An even one' END,
       i % 2 = 0,
       (ARRAY['low', 'medium', 'high'])[1 + i % 3],
       CASE WHEN i % 5 > 0 THEN timestamptz '2026-12-01Z' + i % 3 * interval '1 day' END,
       timestamptz '2026-01-01Z' + i % 2 * interval '1 day'
FROM generate_series(1, $2) AS i
"""
"""Tasks that tie with many others in every order that a list has."""

RANKS = {"high": 1, "medium": 2, "low": 3}
NEVER = "~"
"""Sorts behind every date."""
KEYS: dict[str, Callable[[Json], Any]] = {
    "created_at": lambda task: task["created_at"],
    "due_date": lambda task: task["due_date"] or NEVER,
    "priority": lambda task: RANKS[task["priority"]],
    "title": lambda task: task["title"].lower(),
}


async def list_tasks(owner: Person, **query: object) -> Json:
    """Return the page that a good query gives."""
    response = await get(owner, **query)
    assert response.status_code == 200, response.text
    page: Json = response.json()
    return page


async def list_titles(owner: Person, **query: object) -> list[str]:
    """Return the titles on the page that a good query gives."""
    return [task["title"] for task in (await list_tasks(owner, **query))["items"]]


async def get(owner: Person, **query: object) -> Response:
    """Ask for a page."""
    return await owner.client.get("/tasks", params={name: str(value) for name, value in query.items()})


async def tag_task(owner: Person, task: Json, tag: Json) -> None:
    """Put a tag on a task."""
    response = await owner.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")
    assert response.status_code == 201, response.text


def assert_query_error(response: Response, status: int, code: str, field: str) -> None:
    """Check that this one parameter is at fault."""
    assert_error(response, status, code)
    assert [error["field"] for error in response.json()["errors"]] == [field]


# Whose and what


@pytest.mark.spec("TSK-008")
async def test_lists_nothing_for_somebody_without_tasks(ada: Person) -> None:
    page = await list_tasks(ada)

    assert page == {"items": [], "total": 0, "page": 1, "limit": 20, "pages": 0, "next_cursor": None}


@pytest.mark.spec("TSK-009")
async def test_lists_tasks_as_they_are_read(ada: Person, make_task: Make, make_tag: Make) -> None:
    task = await make_task(ada, due_date="2026-12-01T18:00:00+02:00", description="The ferns too")
    await tag_task(ada, task, await make_tag(ada, color="#FF5733"))

    page = await list_tasks(ada)

    assert page["items"] == [(await ada.client.get(f"/tasks/{task['id']}")).json()]


@pytest.mark.spec("TSK-009")
async def test_counts_the_tasks_of_a_list(ada: Person, make_task: Make) -> None:
    for _ in range(3):
        await make_task(ada)

    page = await list_tasks(ada)

    assert (len(page["items"]), page["total"], page["pages"]) == (3, 3, 1)


@pytest.mark.spec("TSK-009")
async def test_hides_tasks_of_somebody_else(ada: Person, bob: Person, make_task: Make) -> None:
    await make_task(bob, title="Bob's")
    await make_task(ada, title="Ada's")

    assert await list_titles(ada) == ["Ada's"]


async def test_shows_the_tags_of_a_task_by_name(ada: Person, make_task: Make, make_tag: Make) -> None:
    task = await make_task(ada)
    for name in ("home", "Garden", "attic"):
        await tag_task(ada, task, await make_tag(ada, name=name))

    [listed] = (await list_tasks(ada))["items"]

    assert [tag["name"] for tag in listed["tags"]] == ["attic", "Garden", "home"]


async def test_ignores_a_parameter_that_lists_do_not_take(ada: Person, make_task: Make) -> None:
    await make_task(ada)

    assert (await list_tasks(ada, user_id="nobody", colour="green"))["total"] == 1


# Status and priority


@pytest.mark.parametrize(
    ("status", "titles"),
    [
        pytest.param("pending", ["open"], marks=pytest.mark.spec("FLT-001")),
        pytest.param("completed", ["done"], marks=pytest.mark.spec("FLT-002")),
        pytest.param("all", ["done", "open"], marks=pytest.mark.spec("FLT-003")),
    ],
)
async def test_filters_by_status(ada: Person, make_task: Make, status: str, titles: list[str]) -> None:
    await make_task(ada, title="done", completed=True)
    await make_task(ada, title="open", completed=False)

    assert await list_titles(ada, status=status, sort="title") == titles


@pytest.mark.spec("FLT-009")
@pytest.mark.parametrize("status", ["", "done", "ALL", "pending,completed", "true"])
async def test_refuses_a_status_that_there_is_not(ada: Person, status: str) -> None:
    response = await get(ada, status=status)

    assert_error(response, 400, "INVALID_STATUS", STATUS_ERROR)


@pytest.mark.spec("FLT-004")
@pytest.mark.parametrize("priority", ["low", "medium", "high"])
async def test_filters_by_priority(ada: Person, make_task: Make, priority: str) -> None:
    for each in ("low", "medium", "high"):
        await make_task(ada, title=each, priority=each)

    assert await list_titles(ada, priority=priority) == [priority]


@pytest.mark.parametrize("priority", ["", "urgent", "HIGH", "1"])
async def test_refuses_to_filter_by_a_priority_that_there_is_not(ada: Person, priority: str) -> None:
    response = await get(ada, priority=priority)

    assert_error(response, 400, "INVALID_PRIORITY", PRIORITY_ERROR)


# Tag


@pytest.mark.spec("FLT-005")
async def test_filters_by_a_tags_id(ada: Person, make_task: Make, make_tag: Make) -> None:
    tag, other = await make_tag(ada), await make_tag(ada)
    await tag_task(ada, await make_task(ada, title="tagged"), tag)
    await tag_task(ada, await make_task(ada, title="tagged otherwise"), other)
    await make_task(ada, title="not tagged")

    assert await list_titles(ada, tag=tag["id"]) == ["tagged"]


@pytest.mark.spec("FLT-006")
@pytest.mark.parametrize("name", ["home", "Äpfel & Birnen", "100%", "a+b=c?", "5 a day"])
async def test_filters_by_a_tags_name(ada: Person, make_task: Make, make_tag: Make, name: str) -> None:
    tag, other = await make_tag(ada, name=name), await make_tag(ada)
    await tag_task(ada, await make_task(ada, title="tagged"), tag)
    await tag_task(ada, await make_task(ada, title="tagged otherwise"), other)

    assert await list_titles(ada, tag=name) == ["tagged"]


@pytest.mark.spec("FLT-005", "FLT-006")
async def test_filters_by_digits_as_a_tags_id_or_name(ada: Person, make_task: Make, make_tag: Make) -> None:
    one = await make_tag(ada)
    digits = str(one["id"])
    two = await make_tag(ada, name=digits)
    await tag_task(ada, await make_task(ada, title="by id"), one)
    await tag_task(ada, await make_task(ada, title="by name"), two)
    await make_task(ada, title="by neither")

    assert await list_titles(ada, tag=digits, sort="title") == ["by id", "by name"]


async def test_lists_a_task_once_when_two_of_its_tags_match(ada: Person, make_task: Make, make_tag: Make) -> None:
    one = await make_tag(ada)
    two = await make_tag(ada, name=str(one["id"]))
    task = await make_task(ada)
    await tag_task(ada, task, one)
    await tag_task(ada, task, two)

    page = await list_tasks(ada, tag=one["id"])

    assert (len(page["items"]), page["total"]) == (1, 1)


@pytest.mark.parametrize("name", ["0", "007", 19 * "9", 50 * "9"])
async def test_filters_by_a_name_of_digits_that_are_no_id(
    ada: Person, make_task: Make, make_tag: Make, name: str
) -> None:
    await tag_task(ada, await make_task(ada, title="tagged"), await make_tag(ada, name=name))

    assert await list_titles(ada, tag=name) == ["tagged"]


@pytest.mark.parametrize("tag", ["nothing", "0", "-1", 18 * "9", 19 * "9", 5000 * "9", 5000 * "x"])
async def test_lists_nothing_for_a_tag_that_there_is_not(ada: Person, make_task: Make, tag: str) -> None:
    await make_task(ada)

    assert (await list_tasks(ada, tag=tag))["total"] == 0


@pytest.mark.parametrize("field", ["id", "name"])
async def test_does_not_filter_by_a_tag_of_somebody_else(
    ada: Person, bob: Person, make_task: Make, make_tag: Make, field: str
) -> None:
    bobs = await make_tag(bob)
    await tag_task(bob, await make_task(bob), bobs)
    await make_task(ada)

    assert (await list_tasks(ada, tag=bobs[field]))["total"] == 0


async def test_shows_every_tag_of_a_task_that_one_tag_found(ada: Person, make_task: Make, make_tag: Make) -> None:
    task = await make_task(ada)
    for name in ("attic", "garden"):
        await tag_task(ada, task, await make_tag(ada, name=name))

    [listed] = (await list_tasks(ada, tag="garden"))["items"]

    assert [tag["name"] for tag in listed["tags"]] == ["attic", "garden"]


# Search


@pytest.mark.spec("FLT-007")
@pytest.mark.parametrize(("q", "found"), [("\x1f", ["a\x1fb"]), ("a\x1fb", ["a\x1fb"]), ("a\x1fx", []), ("\x1fx", [])])
async def test_finds_nothing_that_is_only_between_title_and_description(
    ada: Person, make_task: Make, q: str, found: list[str]
) -> None:
    await make_task(ada, title="a", description="x")
    await make_task(ada, title="a\x1fb")

    listed = await ada.client.get("/tasks", params={"q": q})

    assert [task["title"] for task in listed.json()["items"]] == found


@pytest.mark.spec("FLT-007")
@pytest.mark.parametrize(
    ("field", "text", "q"),
    [
        ("title", "Water the plants", "the pla"),
        ("title", "Water the plants", "WATER"),
        ("description", "The Ferns too", "ferns"),
        ("title", "Äpfel pflücken", "äPFEL"),
        ("title", "äpfel pflücken", "Ä"),
        ("description", "ÉTÉ", "été"),
        ("title", "ΠΛΗΡΩΜΗ", "πληρ"),
        ("title", "Feed 🐈 twice", "🐈"),
        ("title", "100% sure", "%"),
        ("title", "snake_case", "_"),
        ("description", "C:\\temp", "\\"),
        ("title", "50\\% off", "\\%"),
        ("title", "It's", "'"),
        ("title", "a  b", "  "),
        ("title", "1 + 1 & 2", "+ 1 &"),
    ],
)
async def test_finds_text_in_title_or_description(ada: Person, make_task: Make, field: str, text: str, q: str) -> None:
    found = await make_task(ada, **{field: text})
    await make_task(ada, title="Something else", description="entirely")

    assert [task["id"] for task in (await list_tasks(ada, q=q))["items"]] == [found["id"]]


@pytest.mark.parametrize(
    ("title", "q"), [("100 sure", "1%0"), ("snake case", "snake_case"), ("50% off", "50\\%"), ("abc", ".*")]
)
async def test_takes_wildcards_literally(ada: Person, make_task: Make, title: str, q: str) -> None:
    await make_task(ada, title=title)

    assert await list_titles(ada, q=q) == []


async def test_finds_everything_when_nothing_is_searched(ada: Person, make_task: Make) -> None:
    await make_task(ada)

    assert (await list_tasks(ada, q=""))["total"] == 1


async def test_finds_nothing_where_there_is_nothing_to_find(ada: Person, make_task: Make) -> None:
    await make_task(ada, title="Water the plants", description="The ferns too")

    assert (await list_tasks(ada, q="plants the"))["total"] == 0


async def test_finds_nothing_of_somebody_else(ada: Person, bob: Person, make_task: Make) -> None:
    await make_task(bob, title="A secret")

    assert (await list_tasks(ada, q="secret"))["total"] == 0


@pytest.mark.parametrize("parameter", ["q", "tag"])
async def test_refuses_to_look_for_a_nul_character(ada: Person, parameter: str) -> None:
    response = await ada.client.get(f"/tasks?{parameter}=a%00b")

    assert_query_error(response, 422, "VALIDATION_ERROR", parameter)


@pytest.mark.parametrize("parameter", ["q", "tag"])
async def test_finds_nothing_by_bytes_that_are_no_text(ada: Person, make_task: Make, parameter: str) -> None:
    await make_task(ada)

    response = await ada.client.get(f"/tasks?{parameter}=%ED%A0%80")

    assert response.status_code in {200, 422}
    assert response.json().get("total", 0) == 0


# Filters together


@pytest.mark.spec("FLT-008")
async def test_lists_what_matches_every_filter(ada: Person, make_task: Make, make_tag: Make) -> None:
    tag = await make_tag(ada, name="home")
    good: Json = {"title": "Water the plants", "completed": True, "priority": "high"}
    fails_one_filter: list[Json] = [{"title": "Feed the cat"}, {"completed": False}, {"priority": "low"}]
    match = await make_task(ada, **good)
    await tag_task(ada, match, tag)
    for change in fails_one_filter:
        await tag_task(ada, await make_task(ada, **(good | change)), tag)
    await make_task(ada, **good)

    page = await list_tasks(ada, status="completed", priority="high", tag="home", q="plants", sort="title")

    assert [task["id"] for task in page["items"]] == [match["id"]]
    assert page["total"] == 1


@pytest.mark.spec("FLT-008")
async def test_counts_and_cuts_what_matches_every_filter(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 60)

    page = await list_tasks(ada, status="completed", priority="high", q="EVEN", page=2, limit=4)

    assert (page["total"], page["pages"], len(page["items"])) == (10, 3, 4)


# Order


@pytest.mark.spec("FLT-010")
@pytest.mark.parametrize(
    ("sort", "titles"),
    [("due_date", ["soon", "later", "never"]), ("-due_date", ["never", "later", "soon"])],
)
async def test_sorts_by_due_date_with_none_as_the_last(
    ada: Person, make_task: Make, sort: str, titles: list[str]
) -> None:
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
    ids=["descending", "ascending", "unless told otherwise"],
)
async def test_sorts_by_age(ada: Person, make_task: Make, query: Json, titles: list[str]) -> None:
    for title in ("1", "2", "3"):
        await make_task(ada, title=title)

    assert await list_titles(ada, **query) == titles


@pytest.mark.spec("FLT-012")
@pytest.mark.parametrize(
    ("sort", "titles"),
    [("priority", ["high", "medium", "low"]), ("-priority", ["low", "medium", "high"])],
)
async def test_sorts_by_priority_and_not_by_its_letters(
    ada: Person, make_task: Make, sort: str, titles: list[str]
) -> None:
    for priority in ("medium", "low", "high"):
        await make_task(ada, title=priority, priority=priority)

    assert await list_titles(ada, sort=sort) == titles


@pytest.mark.spec("FLT-013")
@pytest.mark.parametrize(
    ("sort", "titles"),
    [("title", ["apple", "Banana", "cherry"]), ("-title", ["cherry", "Banana", "apple"])],
)
async def test_sorts_by_title_whatever_its_case(ada: Person, make_task: Make, sort: str, titles: list[str]) -> None:
    for title in ("cherry", "Banana", "apple"):
        await make_task(ada, title=title)

    assert await list_titles(ada, sort=sort) == titles


@pytest.mark.spec("FLT-014")
@pytest.mark.parametrize(
    "sort", ["", "-", "name", "id", "Title", "--title", "+title", "title ", "title,priority", "title desc"]
)
async def test_refuses_to_sort_by_anything_else(ada: Person, sort: str) -> None:
    response = await get(ada, sort=sort)

    assert_error(response, 400, "INVALID_SORT_FIELD", SORT_ERROR)


# Pages


@pytest.mark.spec("TSK-010")
async def test_returns_the_second_page(ada: Person, make_task: Make) -> None:
    for number in range(5):
        await make_task(ada, title=str(number))

    page = await list_tasks(ada, page=2, limit=2, sort="title")

    assert [task["title"] for task in page.pop("items")] == ["2", "3"]
    assert page.pop("next_cursor")
    assert page == {"total": 5, "page": 2, "limit": 2, "pages": 3}


async def test_returns_what_is_left_on_the_last_page(ada: Person, make_task: Make) -> None:
    for number in range(5):
        await make_task(ada, title=str(number))

    assert await list_titles(ada, page=3, limit=2, sort="title") == ["4"]


@pytest.mark.parametrize(("tasks", "pages"), [(1, 1), (2, 1), (3, 2), (4, 2)])
async def test_counts_pages(ada: Person, connection: asyncpg.Connection, tasks: int, pages: int) -> None:
    await connection.execute(INSERT_TASKS, ada.id, tasks)

    assert (await list_tasks(ada, limit=2))["pages"] == pages


async def test_shows_twenty_tasks_unless_told_otherwise(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 21)

    page = await list_tasks(ada)

    assert (len(page["items"]), page["limit"], page["pages"]) == (20, 20, 2)


@pytest.mark.parametrize("number", [3, 10**9, 2**63, 10**18, 10**30])
async def test_is_empty_beyond_the_last_page(ada: Person, connection: asyncpg.Connection, number: int) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 3)

    page = await list_tasks(ada, page=number, limit=2)

    assert page == {"items": [], "total": 3, "page": number, "limit": 2, "pages": 2, "next_cursor": None}


@pytest.mark.spec("FLT-016")
@pytest.mark.parametrize(("limit", "counted"), [(99, 99), (100, 100), (101, 100), (1000, 100), (10**30, 100)])
async def test_shows_a_hundred_tasks_at_most(
    ada: Person, connection: asyncpg.Connection, limit: int, counted: int
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 101)

    page = await list_tasks(ada, limit=limit)

    assert (len(page["items"]), page["limit"], page["pages"]) == (counted, counted, 2)


@pytest.mark.spec("FLT-015")
@pytest.mark.parametrize("parameter", ["page", "limit"])
@pytest.mark.parametrize("number", [0, -1, -(10**30)])
async def test_refuses_a_number_below_one(ada: Person, parameter: str, number: int) -> None:
    response = await get(ada, **{parameter: number})

    assert_query_error(response, 400, "INVALID_PAGINATION", parameter)
    assert response.json()["detail"] == PAGINATION_ERROR


@pytest.mark.parametrize("parameter", ["page", "limit"])
@pytest.mark.parametrize("text", ["", "two", "1.5", "true", "1e3", "0x1"])
async def test_refuses_what_is_no_number(ada: Person, parameter: str, text: str) -> None:
    response = await get(ada, **{parameter: text})

    assert_query_error(response, 422, "VALIDATION_ERROR", parameter)


async def test_never_fails_on_a_number_of_thousands_of_digits(ada: Person) -> None:
    response = await get(ada, page=5000 * "9")

    assert response.status_code < 500


async def test_lists_every_parameter_at_fault(ada: Person) -> None:
    response = await get(ada, page=0, status="done", sort="name")

    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [
        ("page", "INVALID_PAGINATION"),
        ("status", "INVALID_STATUS"),
        ("sort", "INVALID_SORT_FIELD"),
    ]


@pytest.mark.spec("TSK-010")
@pytest.mark.parametrize("direction", ["", "-"], ids=["ascending", "descending"])
@pytest.mark.parametrize("field", KEYS)
async def test_pages_show_each_of_a_thousand_tasks_once_and_in_order(
    ada: Person, connection: asyncpg.Connection, field: str, direction: str
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 1000)

    pages = [await list_tasks(ada, sort=direction + field, page=page, limit=100) for page in range(1, 11)]

    tasks = [task for page in pages for task in page["items"]]
    keys = [KEYS[field](task) for task in tasks]
    assert len({task["id"] for task in tasks}) == len(tasks) == 1000
    assert keys == sorted(keys, reverse=direction == "-")


async def test_pages_show_each_task_once_unless_told_how_to_sort(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 1000)

    pages = await asyncio.gather(*(list_tasks(ada, page=page, limit=7) for page in range(1, 144)))

    ids = [task["id"] for page in pages for task in page["items"]]
    assert len(set(ids)) == len(ids) == 1000
    assert {(page["total"], page["pages"]) for page in pages} == {(1000, 143)}


# Cost


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"sort": "title", "limit": 100},
        {"status": "pending", "priority": "high", "tag": "tag 1", "q": "alpha", "sort": "-due_date"},
    ],
    ids=["plain", "sorted", "filtered"],
)
@pytest.mark.parametrize("tasks", [0, 1, 100])
async def test_reads_a_list_with_one_statement(
    ada: Person,
    recorded_app: RecordedApp,
    connection: asyncpg.Connection,
    tasks: int,
    query: Json,
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, tasks)
    await connection.execute(
        "INSERT INTO tags (user_id, name) SELECT $1, 'tag ' || i FROM generate_series(1, 10) AS i", ada.id
    )
    await connection.execute(
        """
        INSERT INTO task_tag_link (user_id, task_id, tag_id)
        SELECT $1, tasks.id, tags.id FROM tasks JOIN tags USING (user_id) WHERE user_id = $1
        """,
        ada.id,
    )

    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        response = await client.get("/tasks", params=query)

    assert response.status_code == 200
    assert len(recorded_app.statements) == 1

"""Orders of lists by dates."""

import pytest

from tests.routers.task_lists.support import list_tasks, list_titles
from tests.support import Json, Make, Person

TASKS: dict[str, Json] = {
    "evening": {"due_date": "2026-12-01T23:59:59.999998Z", "start_day": "2026-11-03"},
    "day": {"due_day": "2026-12-01", "start_day": "2026-11-01"},
    "midnight": {"due_date": "2026-12-02T00:00:00Z", "completed": True},
    "next day": {"due_day": "2026-12-02", "start_day": "2026-11-02"},
    "never": {"completed": True},
}
ORDERS = {
    "due_date": [*TASKS],
    "start_day": ["day", "next day", "evening", "midnight", "never"],
    "completed_at": ["midnight", "never", "evening", "day", "next day"],
    "updated_at": [*TASKS],
}


@pytest.fixture
async def owner(ada: Person, make_task: Make) -> Person:
    for title, fields in TASKS.items():
        await make_task(ada, title=title, **fields)
    return ada


@pytest.mark.spec("DAT-030", "DAT-031")
@pytest.mark.parametrize("field", ORDERS)
async def test_missing_values_come_last_and_first_when_descending(owner: Person, field: str) -> None:
    ascending, descending = [await list_titles(owner, sort=sort) for sort in (field, f"-{field}")]

    assert ascending == ORDERS[field]
    assert descending == ascending[::-1]


@pytest.mark.spec("DAT-032")
@pytest.mark.parametrize(
    "filters", [{}, {"due_from": "2020-01-01"}, {"status": "pending"}], ids=["all", "due", "pending"]
)
@pytest.mark.parametrize("sort", [sign + field for field in ORDERS for sign in ("", "-")])
async def test_pages_by_cursor_and_by_number_are_the_list(owner: Person, sort: str, filters: Json) -> None:
    whole = await list_titles(owner, sort=sort, **filters)
    numbered, continued = [], []
    for page in range(1, len(whole) + 1):
        numbered += await list_titles(owner, sort=sort, limit=1, page=page, **filters)
    cursor: Json = {}
    for _ in whole:
        page_of_one = await list_tasks(owner, sort=sort, limit=1, **cursor, **filters)
        continued += [task["title"] for task in page_of_one["items"]]
        cursor = {"cursor": page_of_one["next_cursor"]}

    assert len(whole) >= 3
    assert numbered == continued == whole
    assert cursor == {"cursor": None}

"""Filters of lists by dates."""

import pytest

from tests.routers.dates.conftest import SetNow
from tests.routers.task_lists.support import assert_query_error, list_titles, request_tasks
from tests.support import Json, Make, Person, RecordedApp, make_client

ZONE = "America/New_York"
NOW = "2027-03-14T16:00:00Z"
"""Noon in New York on the day of 23 hours, which is from 05:00Z to 04:00Z of the next day."""
TASKS: dict[str, Json] = {
    "yesterday": {"due_day": "2027-03-13"},
    "today": {"due_day": "2027-03-14"},
    "tomorrow": {"due_day": "2027-03-15"},
    "in a week": {"due_day": "2027-03-20"},
    "later": {"due_day": "2027-03-21"},
    "last night": {"due_date": "2027-03-14T04:59:59.999999Z"},
    "midnight": {"due_date": "2027-03-14T05:00:00Z"},
    "breakfast": {"due_date": "2027-03-14T15:59:59.999999Z"},
    "now": {"due_date": NOW},
    "tonight": {"due_date": "2027-03-15T03:59:59.999999Z"},
    "next midnight": {"due_date": "2027-03-15T04:00:00Z"},
    "in six nights": {"due_date": "2027-03-21T03:59:59.999999Z"},
    "in seven nights": {"due_date": "2027-03-21T04:00:00Z"},
    "done": {"due_day": "2027-03-14", "completed": True},
    "done yesterday": {"due_day": "2027-03-13", "completed": True},
    "never": {},
}
TODAY = {"today", "midnight", "breakfast", "now", "tonight", "done"}
TOMORROW = {"tomorrow", "next midnight"}
PAST = {"yesterday", "last night", "midnight", "breakfast"}


@pytest.fixture
async def owner(ada: Person, make_task: Make, set_now: SetNow) -> Person:
    """Return a person in New York with these tasks."""
    set_now(NOW)
    await ada.client.patch("/auth/me", json={"time_zone": ZONE})
    for title, fields in TASKS.items():
        await make_task(ada, title=title, **fields)
    return ada


@pytest.mark.spec("DAT-020", "DAT-023", "DAT-027")
@pytest.mark.parametrize("sort", ["-created_at", "due_date", "-due_date", "title", "start_day"])
@pytest.mark.parametrize(
    ("due", "titles"),
    [
        ("today", TODAY),
        ("tomorrow", TOMORROW),
        ("next_7_days", TODAY | TOMORROW | {"in a week", "in six nights"}),
        ("overdue", PAST),
        ("none", {"never"}),
    ],
)
async def test_due_filter_reads_days_in_the_zone_of_the_account(
    owner: Person, due: str, titles: set[str], sort: str
) -> None:
    assert {*await list_titles(owner, due=due, sort=sort)} == titles


@pytest.mark.spec("DAT-020", "DAT-023")
async def test_day_is_not_overdue_before_it_ends_in_the_zone_of_the_account(owner: Person, set_now: SetNow) -> None:
    set_now("2027-03-15T03:59:00Z")
    in_the_evening = await list_titles(owner, due="overdue")
    set_now("2027-03-15T04:00:00Z")
    after_midnight = await list_titles(owner, due="overdue")

    assert {*in_the_evening} == PAST | {"now"}
    assert {*after_midnight} == PAST | {"now", "today", "tonight"}


@pytest.mark.spec("DAT-020")
async def test_due_filter_combines_with_others(owner: Person) -> None:
    assert await list_titles(owner, due="today", status="completed") == ["done"]
    assert await list_titles(owner, due="overdue", status="completed") == []
    assert await list_titles(owner, due="today", q="to", sort="due_date") == ["tonight", "today"][::-1]
    assert await list_titles(owner, due="next_7_days", due_from="2027-03-16", sort="title") == [
        "in a week",
        "in six nights",
    ]
    assert await list_titles(owner, due="none", due_from="2027-03-16") == []


@pytest.mark.spec("DAT-021", "DAT-024", "DAT-027")
@pytest.mark.parametrize(
    ("bounds", "titles"),
    [
        ({"due_from": "2027-03-14", "due_until": "2027-03-14"}, TODAY),
        ({"due_until": "2027-03-13"}, {"yesterday", "done yesterday", "last night"}),
        ({"due_from": "2027-03-21"}, {"later", "in seven nights"}),
        ({"due_from": NOW, "due_until": "2027-03-14"}, {"today", "done", "now", "tonight"}),
        ({"due_from": "2027-03-14", "due_until": NOW}, {"midnight", "breakfast", "now"}),
        ({"due_from": "2027-03-14T12:00:00-04:00", "due_until": NOW}, {"now"}),
        ({"due_from": "2027-03-15", "due_until": "2027-03-14"}, set()),
    ],
)
async def test_bounds_take_days_and_instants(owner: Person, bounds: Json, titles: set[str]) -> None:
    assert {*await list_titles(owner, **bounds)} == titles


@pytest.mark.spec("DAT-021")
@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
@pytest.mark.parametrize("name", ["due_from", "due_until", "completed_from", "completed_until", "updated_since"])
async def test_bounds_at_the_ends_of_the_calendar_are_no_errors(owner: Person, name: str, instant: str) -> None:
    response = await request_tasks(owner, **{name: instant})

    assert response.status_code == 200, response.text


@pytest.mark.spec("DAT-022", "DAT-028")
async def test_started_leaves_out_what_begins_later(ada: Person, make_task: Make, set_now: SetNow) -> None:
    for title, start_day in {"open": None, "today": "2027-03-14", "tomorrow": "2027-03-15"}.items():
        await make_task(ada, title=title, start_day=start_day)
    set_now("2027-03-14T23:30:00Z")

    in_utc = await list_titles(ada, started="true", sort="title")
    await ada.client.patch("/auth/me", json={"time_zone": "Europe/Berlin"})
    in_berlin = await list_titles(ada, started="true", sort="title")

    assert in_utc == ["open", "today"]
    assert in_berlin == ["open", "today", "tomorrow"]
    assert len(await list_titles(ada, started="false")) == 3


@pytest.mark.spec("DAT-025", "DAT-026", "DAT-027")
async def test_completion_and_change_are_bounds_too(ada: Person, make_task: Make) -> None:
    done = await make_task(ada, title="done", completed=True)
    pending = await make_task(ada, title="pending")
    at, day = done["completed_at"], done["completed_at"][:10]

    assert await list_titles(ada, completed_from=at, completed_until=at) == ["done"]
    assert await list_titles(ada, completed_from=day, completed_until=day) == ["done"]
    assert await list_titles(ada, completed_until="2020-01-01") == []
    assert await list_titles(ada, completed_from="2099-01-01") == []
    assert await list_titles(ada, updated_since=pending["updated_at"]) == ["pending"]
    assert await list_titles(ada, updated_since=day) == ["pending", "done"]
    assert await list_titles(ada, updated_since="2099-01-01") == []


@pytest.mark.spec("DAT-020", "DAT-021")
@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("due", "someday", "INVALID_DUE_FILTER"),
        ("due", "Today", "INVALID_DUE_FILTER"),
        *((name, "soon", "INVALID_BOUND") for name in ("due_from", "due_until", "completed_from", "updated_since")),
        ("due_from", "2027-02-29", "INVALID_DAY"),
        ("completed_until", "0001-01-01", "INVALID_DAY"),
    ],
)
async def test_unknown_value_is_rejected(ada: Person, name: str, value: str, code: str) -> None:
    assert_query_error(await request_tasks(ada, **{name: value}), 400, code, name)


@pytest.mark.spec("DAT-028")
@pytest.mark.parametrize(
    ("query", "statements"),
    [
        ({}, 1),
        ({"sort": "due_date"}, 1),
        ({"due": "none"}, 1),
        ({"updated_since": NOW}, 1),
        ({"completed_from": NOW}, 1),
        ({"due": "today"}, 2),
        ({"started": "true"}, 2),
        ({"updated_since": "2027-03-14"}, 2),
    ],
)
async def test_only_filters_by_days_read_the_zone(
    ada: Person, recorded_app: RecordedApp, query: Json, statements: int
) -> None:
    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        response = await client.get("/tasks", params=query)

    assert response.status_code == 200, response.text
    assert len(recorded_app.statements) == statements

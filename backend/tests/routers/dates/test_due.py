"""When a task is due: a day, an instant, or a time on the clock of a zone."""

import pytest

from tests.routers.tasks.support import (
    SMALLEST_REPLACEMENT,
    assert_field_error,
    assert_written,
    get_task,
    write_task,
    write_with_every_method,
)
from tests.support import Json, Make, Person

NOON = "2026-12-01T12:00:00Z"
DUE = ("due_date", "due_day", "due_time_zone")
CONFLICT = "A task is due on a day or at a time: send due_day, or due_date with or without due_time_zone"
IN_BERLIN: Json = {"due_date": "2026-12-01T09:00", "due_time_zone": "Europe/Berlin"}


def due_of(task: Json) -> list[object]:
    return [task[name] for name in DUE]


async def change(owner: Person, task: Json, **fields: object) -> Json:
    return assert_written(await owner.client.patch(f"/tasks/{task['id']}", json=fields))


@pytest.mark.spec("DAT-001")
async def test_day_is_stored_without_a_time(ada: Person) -> None:
    for response in await write_with_every_method(ada, due_day="2026-12-01"):
        task = assert_written(response)
        assert due_of(task) == [None, "2026-12-01", None]
        assert await get_task(ada, task["id"]) == task


@pytest.mark.spec("DAT-001")
@pytest.mark.parametrize("field", ["due_day", "start_day", "deadline_day"])
@pytest.mark.parametrize(
    "day",
    ["", "2026-12-01T00:00", "20261201", "2026-W49-2", "2026-02-29", "1899-12-31", "9999-01-01", "today", "٢٠٢٦-12-01"],
    ids=ascii,
)
async def test_other_text_is_no_day(ada: Person, field: str, day: str) -> None:
    for response in await write_with_every_method(ada, **{field: day}):
        detail = "A day must be a date such as 2026-12-01, from 1900 to 9998, without a time"
        assert_field_error(response, 400, "INVALID_DAY", field, detail)


@pytest.mark.spec("DAT-001")
@pytest.mark.parametrize("day", ["1900-01-01", "2028-02-29", "9998-12-31"])
async def test_days_of_the_whole_range_are_kept(ada: Person, make_task: Make, day: str) -> None:
    task = await make_task(ada, due_day=day, start_day=day, deadline_day=day)

    assert (task["due_day"], task["start_day"], task["deadline_day"]) == (day, day, day)


@pytest.mark.spec("DAT-002")
@pytest.mark.parametrize(
    ("stored", "changes", "due"),
    [
        (IN_BERLIN, {"due_day": "2026-12-02"}, [None, "2026-12-02", None]),
        ({"due_day": "2026-12-02"}, {"due_date": NOON}, [NOON, None, None]),
        ({"due_day": "2026-12-02"}, {"due_date": None}, [None, "2026-12-02", None]),
        ({"due_date": NOON}, {"due_day": None}, [NOON, None, None]),
        (IN_BERLIN, {"due_date": None}, [None, None, None]),
        ({"due_date": NOON}, {"due_day": "2026-12-02", "due_date": None}, [None, "2026-12-02", None]),
    ],
)
async def test_new_due_clears_the_other_kind(
    ada: Person, make_task: Make, stored: Json, changes: Json, due: list[object]
) -> None:
    task = await make_task(ada, **stored)

    changed = await change(ada, task, **changes)

    assert due_of(changed) == due
    assert await get_task(ada, task["id"]) == changed


@pytest.mark.spec("DAT-003")
@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("due_day", {"due_day": "2026-12-01", "due_date": NOON}),
        ("due_time_zone", {"due_day": "2026-12-01", "due_time_zone": "UTC"}),
    ],
)
async def test_day_and_time_in_one_request_conflict(ada: Person, field: str, fields: Json) -> None:
    for response in await write_with_every_method(ada, **fields):
        assert_field_error(response, 400, "CONFLICTING_DUE", field, CONFLICT)


@pytest.mark.spec("DAT-005")
@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "europe/berlin", "Berlin", "+01:00", "localtime", "../UTC"])
async def test_unknown_time_zone_is_rejected(ada: Person, zone: str) -> None:
    for response in await write_with_every_method(ada, due_date=NOON, due_time_zone=zone):
        detail = "Time zone must be a name of the IANA database, such as Europe/Berlin"
        assert_field_error(response, 400, "INVALID_TIME_ZONE", "due_time_zone", detail)


@pytest.mark.spec("DAT-005")
async def test_task_without_a_due_date_has_no_time_zone(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_time_zone="Europe/Berlin")

    changed = await change(ada, task, due_time_zone="Europe/Berlin")

    assert task == changed
    assert due_of(task) == [None, None, None]


@pytest.mark.spec("DAT-006")
@pytest.mark.parametrize(
    ("due_date", "instant"),
    [
        ("2026-12-01T09:00", "2026-12-01T08:00:00Z"),
        ("2026-07-01T09:00", "2026-07-01T07:00:00Z"),
        ("2026-12-01T09:00Z", "2026-12-01T09:00:00Z"),
        ("2026-12-01T09:00-05:00", "2026-12-01T14:00:00Z"),
    ],
)
async def test_due_date_without_an_offset_is_a_time_in_its_zone(ada: Person, due_date: str, instant: str) -> None:
    for response in await write_with_every_method(ada, due_date=due_date, due_time_zone="Europe/Berlin"):
        assert due_of(assert_written(response)) == [instant, None, "Europe/Berlin"]


@pytest.mark.spec("DAT-007")
@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({"due_date": "2026-07-01T09:00"}, ["2026-07-01T07:00:00Z", None, "Europe/Berlin"]),
        ({"due_date": "2026-07-01T09:00", "due_time_zone": None}, ["2026-07-01T09:00:00Z", None, None]),
        ({"due_date": "2026-07-01T09:00", "due_time_zone": "Asia/Tokyo"}, ["2026-07-01T00:00:00Z", None, "Asia/Tokyo"]),
        ({"due_time_zone": "Asia/Tokyo"}, ["2026-12-01T08:00:00Z", None, "Asia/Tokyo"]),
        ({"due_time_zone": None}, ["2026-12-01T08:00:00Z", None, None]),
    ],
)
async def test_patch_keeps_what_it_does_not_name(
    ada: Person, make_task: Make, changes: Json, due: list[object]
) -> None:
    single, in_bulk = await make_task(ada, **IN_BERLIN), await make_task(ada, **IN_BERLIN)
    item = {"action": "update", "id": in_bulk["id"], "changes": changes}

    changed = await change(ada, single, **changes)
    response = await ada.client.post("/tasks/bulk", json={"items": [item]})

    assert due_of(changed) == due
    assert due_of(response.json()["results"][0]["task"]) == due


@pytest.mark.spec("DAT-007")
async def test_naive_due_date_of_an_unknown_task_is_not_found(ada: Person) -> None:
    response = await ada.client.patch("/tasks/999999999", json={"due_date": "2026-07-01T09:00"})

    assert response.status_code == 404


@pytest.mark.spec("DAT-008")
async def test_put_keeps_the_fields_of_dates(ada: Person, make_task: Make) -> None:
    dates: Json = {"due_day": "2026-12-01", "start_day": "2026-11-01", "deadline_day": "2026-12-24"}
    task = await make_task(ada, **dates, estimated_minutes=45)

    response = await ada.client.put(f"/tasks/{task['id']}", json=SMALLEST_REPLACEMENT)
    cleared = await ada.client.put(f"/tasks/{task['id']}", json=SMALLEST_REPLACEMENT | dict.fromkeys(dates))

    assert {name: response.json()[name] for name in dates} == dates
    assert response.json()["estimated_minutes"] == 45
    assert {name: cleared.json()[name] for name in dates} == dict.fromkeys(dates)


@pytest.mark.spec("DAT-008")
async def test_put_of_a_client_without_zones_keeps_the_zone_of_its_due_date(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, **IN_BERLIN)

    kept = await ada.client.put(f"/tasks/{task['id']}", json=SMALLEST_REPLACEMENT | {"due_date": task["due_date"]})
    cleared = await ada.client.put(f"/tasks/{task['id']}", json=SMALLEST_REPLACEMENT)

    assert due_of(kept.json()) == due_of(task)
    assert due_of(cleared.json()) == [None, None, None]


@pytest.mark.spec("DAT-009")
@pytest.mark.parametrize("minutes", [1, 45, 100_000])
async def test_estimate_is_stored(ada: Person, minutes: int) -> None:
    for response in await write_with_every_method(ada, estimated_minutes=minutes):
        assert assert_written(response)["estimated_minutes"] == minutes


@pytest.mark.spec("DAT-009")
@pytest.mark.parametrize("minutes", [0, -1, 100_001, 10**30])
async def test_estimate_out_of_range_is_rejected(ada: Person, minutes: int) -> None:
    response = await write_task(ada, "POST", estimated_minutes=minutes)

    detail = "Estimated minutes must be a whole number from 1 to 100000"
    assert_field_error(response, 400, "INVALID_ESTIMATE", "estimated_minutes", detail)


@pytest.mark.spec("DAT-009")
@pytest.mark.parametrize("minutes", ["45", 1.5, True])
async def test_estimate_of_another_type_is_a_422(ada: Person, minutes: object) -> None:
    response = await write_task(ada, "POST", estimated_minutes=minutes)

    assert response.status_code == 422

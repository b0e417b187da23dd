"""Days and times in the zone and in the week of the account."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.domain.quick_add.support import read, value_of
from todo.domain.quick_add.due import Moment

MONDAY, SATURDAY, SUNDAY = 0, 5, 6


def moment(instant: str, zone: str = "Europe/Berlin", week_start: int = MONDAY) -> Moment:
    return Moment(datetime.fromisoformat(instant).replace(tzinfo=UTC), ZoneInfo(zone), week_start)


@pytest.mark.spec("QCK-009")
@pytest.mark.parametrize(
    ("zone", "day"), [("UTC", "2026-11-27"), ("Pacific/Auckland", "2026-11-28"), ("Etc/GMT+12", "2026-11-27")]
)
def test_today_is_that_of_the_zone(zone: str, day: str) -> None:
    assert value_of("x today", "due_day", moment=moment("2026-11-27T12:30", zone)) == day


@pytest.mark.spec("QCK-009")
@pytest.mark.parametrize(
    ("text", "week_start", "day"),
    [
        ("x next week", MONDAY, "2026-11-30"),
        ("x next week", SUNDAY, "2026-11-29"),
        ("x next week", SATURDAY, "2026-11-28"),
        ("x next Sunday", MONDAY, "2026-12-06"),
        ("x next Sunday", SUNDAY, "2026-11-29"),
        ("x next Friday", SATURDAY, "2026-12-04"),
        ("x nächsten Montag", MONDAY, "2026-11-30"),
    ],
)
def test_next_week_begins_on_the_first_day_of_the_account(text: str, week_start: int, day: str) -> None:
    assert value_of(text, "due_day", moment=moment("2026-11-27T11:00", week_start=week_start)) == day


@pytest.mark.spec("QCK-008", "QCK-009")
def test_rule_has_the_first_day_of_the_week_if_it_matters() -> None:
    sunday = moment("2026-11-27T11:00", week_start=SUNDAY)

    assert value_of("x every 2 weeks on Sunday", "recurrence_rule", moment=sunday) == (
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU"
    )
    assert value_of("x every Sunday", "recurrence_rule", moment=sunday) == "FREQ=WEEKLY;BYDAY=SU"


@pytest.mark.spec("QCK-009")
@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("x 29 Mar 2026 02:30", "2026-03-29T01:30:00Z"),
        ("x 25.10.2026 02:30", "2026-10-25T00:30:00Z"),
        ("x 28 Mar 2026 02:30", "2026-03-28T01:30:00Z"),
    ],
)
def test_time_that_the_clock_skips_or_shows_twice_counts_as_in_tasks(text: str, instant: str) -> None:
    assert value_of(text, "due_date", moment=moment("2026-03-01T11:00")) == instant


@pytest.mark.spec("QCK-007", "QCK-009")
@pytest.mark.parametrize(
    ("text", "now", "instant"),
    [
        ("x 9am", "2026-11-27T07:59", "2026-11-27T08:00:00Z"),
        ("x 9am", "2026-11-27T08:00", "2026-11-28T08:00:00Z"),
        ("x today 9am", "2026-11-27T11:00", "2026-11-27T08:00:00Z"),
        ("x every day at 9am", "2026-11-27T07:00", "2026-11-27T08:00:00Z"),
        ("x every day at 9am", "2026-11-27T08:00", "2026-11-28T08:00:00Z"),
        ("x every Friday at 9am", "2026-11-27T09:00", "2026-12-04T08:00:00Z"),
        ("x every day at 02:30", "2026-03-28T12:00", "2026-03-29T01:30:00Z"),
        ("x every day at 02:30", "2026-10-25T00:45", "2026-10-26T01:30:00Z"),
        ("x in 2 hours", "2026-03-29T00:30:20", "2026-03-29T02:30:00Z"),
    ],
)
def test_time_alone_is_the_next_one(text: str, now: str, instant: str) -> None:
    assert value_of(text, "due_date", moment=moment(now)) == instant


@pytest.mark.spec("QCK-007")
@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("x 27 Nov", "2026-11-27"),
        ("x 26 Nov", "2027-11-26"),
        ("x 26.11.", "2027-11-26"),
        ("x am 26.", "2026-12-26"),
        ("x on the 31st", "2026-12-31"),
        ("x 26 Nov 2025", "2025-11-26"),
        ("x 29 Feb", "2028-02-29"),
        ("x Friday", "2026-12-04"),
        ("x every Friday", "2026-11-27"),
        ("x every 26 Nov", "2027-11-26"),
        ("x 5 March 2020 yearly", "2027-03-05"),
        ("x in 3 months", "2027-02-27"),
        ("x in 15 months", "2028-02-27"),
        ("x every year on 29 Feb", "2028-02-29"),
        ("x every 31st", "2026-12-31"),
    ],
)
def test_day_that_passed_is_the_next_one(text: str, day: str) -> None:
    assert value_of(text, "due_day") == day


@pytest.mark.spec("QCK-008")
@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("x every 2 weeks on Friday", "due_day", "2026-11-27"),
        ("x every 2 weeks on Friday at 9am", "due_date", "2026-12-04T08:00:00Z"),
        ("x every 2 weeks on Tuesday starting 2026-11-03", "due_day", "2026-12-01"),
        ("x every 2 weeks on Tuesday starting 2026-11-10", "due_day", "2026-12-08"),
        ("x every 2 months on the 27th at 9am", "due_date", "2026-12-27T08:00:00Z"),
    ],
)
def test_interval_counts_from_the_nearest_day(text: str, field: str, value: str) -> None:
    assert value_of(text, field) == value


@pytest.mark.spec("QCK-007")
def test_shorter_month_ends_on_its_last_day() -> None:
    assert value_of("x in 1 month", "due_day", moment=moment("2027-01-31T11:00")) == "2027-02-28"


@pytest.mark.spec("QCK-008")
@pytest.mark.parametrize(
    "text",
    [
        "x every day until 24 Nov 2026",
        "x every 12 months on 31 Feb",
        "x in 9999 years",
        "x every day starting 24 Dec until 1 Dec",
    ],
)
def test_repetition_without_a_date_is_title(text: str) -> None:
    february = moment("2026-11-27T11:00") if "12" not in text else moment("2027-02-03T11:00")

    assert "recurrence_rule" not in read(text, moment=february).fields
    assert "due_day" not in read(text, moment=february).fields or "24" in text


@pytest.mark.spec("QCK-009")
def test_due_date_has_the_zone_of_the_account() -> None:
    assert read("x 9am").fields["due_time_zone"] == "Europe/Berlin"
    assert "due_time_zone" not in read("x tomorrow").fields

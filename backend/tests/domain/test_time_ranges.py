"""The days of every time zone, also where the clock changes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from todo.domain.dates.days import FIRST_DAY, LAST_DAY
from todo.domain.dates.due import last_moment
from todo.domain.dates.ranges import TimeRange, before, between, days_from, sort_range
from todo.domain.dates.time_zones import attach_time_zone, day_in_zone, start_of_day, time_zone_names

FIRST, LAST = datetime(2026, 11, 27, tzinfo=UTC), datetime(2036, 11, 27, tzinfo=UTC)
MICROSECOND, MINUTE, DAY = timedelta(microseconds=1), timedelta(minutes=1), timedelta(days=1)
STEPS = [timedelta(0), MICROSECOND, MINUTE, timedelta(hours=1), timedelta(hours=12), DAY, 2 * DAY, 6 * DAY, 7 * DAY]
FILTERS = {"today": (0, 1), "tomorrow": (1, 1), "next_7_days": (0, 7)}
bounded = settings(max_examples=300, deadline=None)


@cache
def find_changes(zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the instants of the next ten years at which the clock of a zone changes."""
    return tuple(_changes_between(zone, FIRST, LAST))


def _changes_between(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    instant = first
    while instant < last:
        later = instant + 7 * DAY
        if offset_at(zone, instant) != offset_at(zone, later):
            low, high = instant, later
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if offset_at(zone, middle) == offset_at(zone, low) else (low, middle)
            yield high.replace(microsecond=0)
        instant = later


def offset_at(zone: ZoneInfo, instant: datetime) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()


def matches(found: TimeRange, due: datetime | date) -> bool:
    """Return whether a list with this range has a task that is due then."""
    first_key, last_key = sort_range(found)
    if isinstance(due, datetime):
        return found.first <= due <= found.last and first_key <= due <= last_key
    return found.first_day <= due <= found.last_day and first_key <= last_moment(due) <= last_key


def moments_around(instant: datetime) -> list[datetime]:
    return [instant + sign * step for step in STEPS for sign in (1, -1)]


def assert_filters_agree(zone: ZoneInfo, now: datetime) -> None:
    """Compare each filter with the calendar: convert each moment to the zone, and compare the dates."""
    today = now.astimezone(zone).date()
    days = [today + number * DAY for number in range(-8, 9)]
    midnights = [start_of_day(day, zone) for day in days]
    instants = [*moments_around(now), *midnights, *(midnight - MICROSECOND for midnight in midnights)]
    for name, (offset, length) in FILTERS.items():
        found = days_from(now, zone, offset, length)
        expected_days = {today + number * DAY for number in range(offset, offset + length)}
        assert {day for day in days if matches(found, day)} == expected_days, (zone, now, name)
        for instant in instants:
            is_expected = instant.astimezone(zone).date() in expected_days
            assert matches(found, instant) == is_expected, (zone, now, name, instant)
    past = before(now, zone)
    assert [day for day in days if matches(past, day)] == [day for day in days if day < today], (zone, now)
    assert [moment for moment in instants if matches(past, moment)] == [moment for moment in instants if moment < now]


@pytest.mark.spec("DAT-023")
def test_zones_change_their_clocks_in_the_next_ten_years() -> None:
    changes = {
        name: len(find_changes(ZoneInfo(name))) for name in ("Europe/Berlin", "Australia/Lord_Howe", "Asia/Tokyo")
    }

    assert changes == {"Europe/Berlin": 20, "Australia/Lord_Howe": 20, "Asia/Tokyo": 0}


@pytest.mark.spec("DAT-023")
@pytest.mark.timeout(300)
def test_days_are_right_around_each_change_of_every_clock() -> None:
    seen: set[tuple[object, ...]] = set()
    for name in sorted(time_zone_names()):
        zone = ZoneInfo(name)
        for change in (FIRST, *find_changes(zone)):
            # Links and neighbours have the same clock; each one is tried once.
            clock = (change, offset_at(zone, change - MICROSECOND), offset_at(zone, change))
            if clock not in seen:
                seen.add(clock)
                assert_filters_agree(zone, change)
                assert_filters_agree(zone, change - MINUTE)

    assert len(seen) > 200


@pytest.mark.spec("DAT-023")
@bounded
@given(
    name=st.sampled_from(sorted(time_zone_names())),
    now=st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)),
)
def test_days_are_right_at_any_instant(name: str, now: datetime) -> None:
    zone = ZoneInfo(name)
    changes = find_changes(zone)
    nearest = min(changes, key=lambda change: abs(change - now.replace(tzinfo=UTC)), default=now.replace(tzinfo=UTC))

    assert_filters_agree(zone, now.replace(tzinfo=UTC))
    assert_filters_agree(zone, nearest + (now - now.replace(minute=0, second=0, microsecond=0)))


@pytest.mark.spec("DAT-023")
@bounded
@given(name=st.sampled_from(sorted(time_zone_names())), day=st.dates(FIRST_DAY, LAST_DAY - DAY))
def test_each_day_begins_where_the_day_before_ends(name: str, day: date) -> None:
    zone = ZoneInfo(name)

    start, end = start_of_day(day, zone), start_of_day(day + DAY, zone)

    assert timedelta(hours=0) <= end - start <= timedelta(hours=49)
    if end - start > timedelta(hours=22):
        assert day_in_zone(end - MICROSECOND, zone) == day


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2027, 3, 28), "Europe/Berlin", 23),
        (date(2027, 10, 31), "Europe/Berlin", 25),
        (date(2027, 4, 4), "Australia/Lord_Howe", 24.5),
        (date(2027, 6, 1), "Pacific/Kiritimati", 24),
    ],
)
@pytest.mark.spec("DAT-023")
def test_day_has_the_hours_of_its_clock(day: date, zone: str, hours: float) -> None:
    found = between(day, day, ZoneInfo(zone))

    assert found.last - found.first + MICROSECOND == timedelta(hours=hours)


@pytest.mark.spec("DAT-024")
@bounded
@given(
    name=st.sampled_from(sorted(time_zone_names())),
    bound=st.datetimes(timezones=st.just(UTC)) | st.dates(FIRST_DAY, LAST_DAY),
    due=st.datetimes(timezones=st.just(UTC)) | st.dates(FIRST_DAY, LAST_DAY),
)
def test_bounds_split_everything_that_is_due(name: str, bound: date, due: date) -> None:
    zone = ZoneInfo(name)
    is_exactly_at_bound = due == bound and isinstance(due, datetime)

    until, since = between(None, bound, zone), between(bound, None, zone)

    if isinstance(bound, datetime):
        assert matches(until, due) != matches(since, due) or is_exactly_at_bound
    else:
        after = between(bound + DAY, None, zone) if bound < LAST_DAY else None
        assert after is None or matches(until, due) != matches(after, due)
        assert matches(since, due) or matches(until, due)


@pytest.mark.spec("DAT-024")
@bounded
@given(
    name=st.sampled_from(sorted(time_zone_names())),
    bound=st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=st.just(UTC)),
)
def test_day_counts_as_its_end_beside_an_instant(name: str, bound: datetime) -> None:
    zone = ZoneInfo(name)
    today = bound.astimezone(zone).date()

    until, since = between(None, bound, zone), between(bound, None, zone)

    assert [matches(until, today + number * DAY) for number in (-2, -1, 1)] == [True, True, False]
    assert [matches(since, today + number * DAY) for number in (-1, 0, 1)] == [False, True, True]
    assert matches(until, today) == (start_of_day(today + DAY, zone) - MICROSECOND <= bound)


@pytest.mark.spec("DAT-006")
@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2027-07-01T09:00", "Europe/Berlin", "2027-07-01T07:00Z"),
        ("2027-12-01T09:00", "Europe/Berlin", "2027-12-01T08:00Z"),
        ("2027-03-14T02:30", "America/New_York", "2027-03-14T07:30Z"),
        ("2027-11-07T01:30", "America/New_York", "2027-11-07T05:30Z"),
        ("2027-12-01T09:00", None, "2027-12-01T09:00Z"),
        ("2027-12-01T09:00+05:00", "Europe/Berlin", "2027-12-01T04:00Z"),
        ("0001-01-01T00:00", "Asia/Tokyo", "0001-01-01T00:00Z"),
    ],
)
def test_time_on_the_clock_becomes_an_instant(text: str, zone: str | None, instant: str) -> None:
    assert attach_time_zone(datetime.fromisoformat(text), zone) == datetime.fromisoformat(instant)

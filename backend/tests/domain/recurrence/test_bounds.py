"""Rules that a library would expand for seconds or without end."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest

from tests.domain.recurrence.rules import ZONES, library_next, limited_time, random_instant
from tests.domain.test_time_ranges import find_changes
from todo.domain.recurrence.expansion import RecurrenceTooComplexError
from todo.domain.recurrence.series import Series, find_next, instant_of, list_upcoming

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
SIXTY = ",".join(map(str, range(60)))
HOURS = ",".join(map(str, range(24)))
EVERY_DAY = "BYDAY=MO,TU,WE,TH,FR,SA,SU"
REFUSED = [
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=9",
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MINUTELY;INTERVAL=7;BYHOUR=3;BYMINUTE=1;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=HOURLY;INTERVAL=24;BYHOUR=5",
    "FREQ=SECONDLY;COUNT=1000000000",
    f"FREQ=YEARLY;BYHOUR={HOURS};BYMINUTE={SIXTY};BYSECOND={SIXTY}",
    f"FREQ=YEARLY;{EVERY_DAY};BYHOUR=1,2,3,4,5,6,7,8,9,10;BYMINUTE=0,1,2,3,4,5,6,7,8,9",
    "FREQ=YEARLY;BYMONTH=12;BYDAY=53MO",
    "FREQ=MINUTELY;BYSECOND=60",
    *(f"FREQ={unit};INTERVAL=9999999999999999999" for unit in ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "SECONDLY")),
    *("FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;UNTIL=never", "FREQ=DAILY;RSCALE=GREGORIAN", "FREQ=DAILY;", "RRULE", "x=1"),
]
FAR = [
    ("FREQ=SECONDLY", "2026-12-01T12:00:01"),
    ("FREQ=MINUTELY", "2026-12-01T12:01:00"),
    ("FREQ=HOURLY;INTERVAL=5", "2026-12-01T14:00:00"),
    ("FREQ=DAILY", "2026-12-02T09:00:00"),
    ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,SA", "2026-12-05T09:00:00"),
    ("FREQ=MONTHLY;INTERVAL=5", "2027-02-01T09:00:00"),
    ("FREQ=YEARLY;INTERVAL=3;BYDAY=-1SU", "2026-12-27T09:00:00"),
    ("FREQ=DAILY;INTERVAL=18000", "2047-11-06T09:00:00"),
]


def series_of(rule: str, start: str = "1900-01-01T09:00:00", zone: str = "UTC", *, days: bool = False) -> Series:
    began_at = datetime.fromisoformat(start)
    return Series(rule, "due", began_at, began_at, days, ZoneInfo(zone), 0)


@pytest.mark.spec("REP-040")
@pytest.mark.parametrize("rule", REFUSED)
@pytest.mark.parametrize("preview", [False, True])
def test_rule_that_takes_too_long_is_refused_in_time(rule: str, preview: bool) -> None:
    series = series_of(rule, "2025-11-30T23:00:00")

    with limited_time(), pytest.raises(RecurrenceTooComplexError):
        _ = list_upcoming(series, NOW, 100) if preview else find_next(series, NOW, skips=False)


@pytest.mark.spec("REP-040")
@pytest.mark.parametrize(("rule", "following"), FAR)
def test_series_of_a_century_is_not_expanded_from_its_start(rule: str, following: str) -> None:
    with limited_time():
        found = find_next(series_of(rule), NOW, skips=False)

    assert found == datetime.fromisoformat(following)


@pytest.mark.spec("REP-040")
@pytest.mark.parametrize("rule", ["FREQ=HOURLY", "FREQ=MINUTELY;INTERVAL=7", "FREQ=DAILY", "FREQ=DAILY;BYHOUR=9,17"])
def test_rule_on_days_gives_the_next_day(rule: str) -> None:
    series = series_of(rule, "1900-01-01T00:00:00", days=True)

    assert list_upcoming(series, NOW, 3)[1:] == [datetime(2026, 12, 2), datetime(2026, 12, 3)]  # noqa: DTZ001 -- days


@pytest.mark.spec("REP-003")
@pytest.mark.parametrize("start", ["9998-12-31T09:00:00", "9997-12-31T09:00:00", "9999-12-31T23:59:59"])
@pytest.mark.parametrize("days", [False, True])
def test_series_ends_with_the_calendar(start: str, days: bool) -> None:
    last = find_next(series_of("FREQ=YEARLY", start, days=days), NOW, skips=False)

    assert (last is None) == (start > "9998")
    assert list_upcoming(series_of("FREQ=YEARLY;INTERVAL=400", start, days=days), NOW, 5)[1:] == []


@pytest.mark.spec("REP-014", "REP-041")
@pytest.mark.parametrize("zone", [*ZONES, "Pacific/Apia", "Antarctica/Troll", "Africa/Casablanca", "Asia/Kathmandu"])
def test_next_date_is_in_the_future_around_each_change_of_the_clock(zone: str) -> None:
    random = Random(zone)
    for change in find_changes(ZoneInfo(zone)) or [random_instant(random)]:
        for _ in range(5):
            now = change + timedelta(minutes=random.randrange(-300, 300))
            local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            start = (local - timedelta(minutes=random.randrange(6000))).replace(second=0, microsecond=0)
            rule = random.choice(["FREQ=DAILY", "FREQ=HOURLY", "FREQ=MINUTELY;INTERVAL=20", "FREQ=DAILY;BYHOUR=1,2,3"])
            series = series_of(rule, start.isoformat(), zone)

            upcoming = list_upcoming(series, now, 5)

            instants = [instant_of(place, series.zone) for place in upcoming]
            assert upcoming[1] == library_next(series, now), (series, now)
            assert instants[1] > now
            assert all(earlier < later for earlier, later in pairwise(instants))

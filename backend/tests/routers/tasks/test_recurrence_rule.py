"""Rules for the recurrence rule of a task (RFC 5545)."""

import pytest

from tests.routers.tasks.support import assert_field_error, assert_written, write_task, write_with_every_method
from tests.support import Person

RULE_ERROR = "Recurrence rule must be a valid iCalendar RRULE"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=HOURLY",
        "FREQ=DAILY",
        "FREQ=WEEKLY",
        "FREQ=MONTHLY",
        "FREQ=YEARLY",
        "FREQ=DAILY;COUNT=10",
        "COUNT=10;FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=2",
        "FREQ=DAILY;UNTIL=20261224",
        "FREQ=DAILY;UNTIL=20261224T090000",
        "FREQ=DAILY;UNTIL=20261224T090000Z",
        "FREQ=DAILY;BYHOUR=9,17;BYMINUTE=0;BYSECOND=0",
        "FREQ=MINUTELY;BYSECOND=60",
        "FREQ=WEEKLY;BYDAY=MO,TH",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU",
        "FREQ=MONTHLY;BYDAY=1MO",
        "FREQ=MONTHLY;BYDAY=+1MO",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=MONTHLY;BYMONTHDAY=1,15,-1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYMONTH=1,12;BYDAY=SU",
        "FREQ=YEARLY;BYYEARDAY=1,100,-366",
        "FREQ=YEARLY;BYWEEKNO=20,-53;BYDAY=MO",
        "freq=weekly;byday=mo",
    ],
)
async def test_valid_rule_is_stored_unchanged(ada: Person, rule: str) -> None:
    response = await write_task(ada, "POST", recurrence_rule=rule)

    assert assert_written(response)["recurrence_rule"] == rule


@pytest.mark.parametrize(
    "rule",
    [
        "",
        " ",
        "every day",
        "DAILY",
        "FREQ",
        "FREQ=",
        "FREQ:DAILY",
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY,WEEKLY",
        "FREQ=DAILY=WEEKLY",
        "INTERVAL=2",
        "RRULE:FREQ=DAILY",
        "DTSTART:20261201T180000Z\nRRULE:FREQ=DAILY",
        "FREQ=DAILY\nCOUNT=2",
        "FREQ=DAILY;",
        ";FREQ=DAILY",
        "FREQ=DAILY;;COUNT=2",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;COUNT=1;COUNT=2",
        "FREQ=DAILY;COLOUR=RED",
        "FREQ=DAILY;BY_MONTH=1",
        "FREQ=DAILY;COUNT=2;UNTIL=20261224",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=1.5",
        "FREQ=DAILY;COUNT=many",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;UNTIL=",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;UNTIL=2026-12-24",
        "FREQ=DAILY;UNTIL=20261332",
        "FREQ=DAILY;UNTIL=20261224T250000Z",
        "FREQ=DAILY;UNTIL=TZID=Nowhere/Land:20261224T090000",
        "FREQ=DAILY;WKST=XX",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;BYHOUR=-1",
        "FREQ=DAILY;BYMINUTE=60",
        "FREQ=DAILY;BYSECOND=61",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;BYDAY=MO,",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=54MO",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=YEARLY;BYMONTH=0",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYYEARDAY=0",
        "FREQ=YEARLY;BYYEARDAY=367",
        "FREQ=YEARLY;BYWEEKNO=0",
        "FREQ=YEARLY;BYWEEKNO=54",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0",
        "FREQ=DAILY;BYHOUR=\u0661",
        "FREQ=DAILY;BYHOUR=" + ",".join(300 * ["9"]),
    ],
    ids=lambda rule: ascii(rule[:40]),
)
async def test_invalid_rule_is_rejected(ada: Person, rule: str) -> None:
    response = await write_task(ada, "POST", recurrence_rule=rule)

    assert_field_error(response, 400, "INVALID_RECURRENCE_RULE", "recurrence_rule", RULE_ERROR)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=1_0",
        "FREQ=DAILY;INTERVAL=1.0",
        "FREQ=DAILY;INTERVAL=+1",
        "FREQ=DAILY;INTERVAL= 1",
        "FREQ=DAILY;COUNT=2 ;INTERVAL=1",
        "FREQ=DAILY;BYHOUR=9.0",
        "FREQ=DAILY;BYHOUR=+9",
        "FREQ=DAILY;BYHOUR=9, 10",
    ],
)
async def test_number_outside_the_grammar_of_rfc_5545_is_rejected(ada: Person, rule: str) -> None:
    response = await write_task(ada, "POST", recurrence_rule=rule)

    assert_field_error(response, 400, "INVALID_RECURRENCE_RULE", "recurrence_rule", RULE_ERROR)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=DAILY;BYYEARDAY=1",
        "FREQ=MONTHLY;BYWEEKNO=1",
        "FREQ=MONTHLY;BYSETPOS=1",
    ],
)
async def test_rule_parts_that_rfc_5545_does_not_combine_are_rejected(ada: Person, rule: str) -> None:
    response = await write_task(ada, "POST", recurrence_rule=rule)

    assert_field_error(response, 400, "INVALID_RECURRENCE_RULE", "recurrence_rule", RULE_ERROR)


async def test_valid_rule_is_accepted_in_every_write(ada: Person) -> None:
    for response in await write_with_every_method(ada, recurrence_rule="FREQ=DAILY"):
        assert assert_written(response)["recurrence_rule"] == "FREQ=DAILY"


async def test_invalid_rule_is_rejected_in_every_write(ada: Person) -> None:
    for response in await write_with_every_method(ada, recurrence_rule="every day"):
        assert_field_error(response, 400, "INVALID_RECURRENCE_RULE", "recurrence_rule", RULE_ERROR)

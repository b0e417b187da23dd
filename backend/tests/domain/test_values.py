"""The constrained values: whatever they are given, they keep their rule or refuse it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy
from pydantic import TypeAdapter, ValidationError

from todo.domain.account import Email, Password
from todo.domain.identifiers import RowId
from todo.domain.recurrence import RecurrenceRule
from todo.domain.tag import Color, TagName
from todo.domain.task import Description, DueDate, Title

bounded = settings(max_examples=100, deadline=None, database=None)

ANY_TEXT = st.text(st.characters(), max_size=60)
STORABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
SPACE = st.text(" \t\n\u0085\u00a0\u2003", max_size=3)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.lists(ANY_TEXT, max_size=2),
    st.dictionaries(ANY_TEXT, st.integers(), max_size=2),
)
OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(timezones=st.just(UTC) | OFFSETS)


def padded(text: SearchStrategy[str]) -> SearchStrategy[str]:
    """Put spaces around."""
    return st.tuples(SPACE, text, SPACE).map("".join)


def repeated(longest: int) -> SearchStrategy[str]:
    """Return texts whose length lies around a limit."""
    return st.tuples(STORABLE, st.integers(longest - 2, longest + 2)).map(lambda pair: pair[0] * pair[1])


def is_storable(text: str) -> bool:
    """Tell whether PostgreSQL can hold this text."""
    return "\0" not in text and not re.search("[\ud800-\udfff]", text)


def is_trimmed(text: str, longest: int) -> bool:
    """Tell whether this is a name as it is stored."""
    return is_storable(text) and text == text.strip() and 1 <= len(text) <= longest


LABELS = st.text("abc-äé0.", min_size=1, max_size=10)
RULE_PART = st.tuples(
    st.sampled_from(["FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "RSCALE", "freq", "X-NAME", "model_config"])
    | st.sampled_from(["SECOND", "MINUTE", "HOUR", "DAY", "MONTHDAY", "YEARDAY", "WEEKNO", "MONTH", "SETPOS"]).map(
        "BY{}".format
    ),
    st.lists(
        st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "MO", "-1FR", "+2TU", "20261231T000000Z"])
        | st.integers(-400, 400).map(str)
        | st.integers().map(str)
        | st.text("0123456789TZ:;=,+-. MOFR\n", max_size=12),
        max_size=3,
    ).map(",".join),
).map("=".join)
ISO_LIKE = st.text("0123456789-:.,TWZtz+ ", max_size=35)


@dataclass(frozen=True)
class Case:
    """One type: what may be given to it, and what is true of all that it gives back."""

    adapter: TypeAdapter[Any]
    likely: SearchStrategy[str]
    keeps_its_rule: Callable[[Any], bool]


CASES = {
    "Title": Case(TypeAdapter(Title), padded(repeated(200) | ANY_TEXT), lambda title: is_trimmed(title, 200)),
    "Description": Case(
        TypeAdapter(Description), repeated(1000) | ANY_TEXT, lambda text: is_storable(text) and len(text) <= 1000
    ),
    "DueDate": Case(
        TypeAdapter(DueDate),
        INSTANTS.map(datetime.isoformat) | st.dates().map(str) | ISO_LIKE,
        lambda instant: instant.tzinfo is UTC,
    ),
    "RecurrenceRule": Case(
        TypeAdapter(RecurrenceRule),
        padded(st.lists(RULE_PART, min_size=1, max_size=4).map(";".join)),
        lambda rule: is_trimmed(rule, 500) and "FREQ=" in rule.upper(),
    ),
    "Email": Case(
        TypeAdapter(Email),
        st.emails() | st.tuples(LABELS, LABELS).map("{0[0]}@{0[1]}.com".format) | repeated(320),
        lambda email: len(email) <= 320 and bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email)),
    ),
    "Password": Case(
        TypeAdapter(Password), repeated(8) | repeated(1024), lambda text: is_storable(text) and 8 <= len(text) <= 1024
    ),
    "TagName": Case(TypeAdapter(TagName), padded(repeated(50) | ANY_TEXT), lambda name: is_trimmed(name, 50)),
    "Color": Case(
        TypeAdapter(Color),
        st.from_regex("#[0-9a-fA-F]{5,7}\n?") | st.from_regex(r"#\w{6}"),
        lambda color: re.fullmatch("#[0-9a-fA-F]{6}", color) is not None,
    ),
    "RowId": Case(
        TypeAdapter(RowId),
        st.integers().map(str) | st.integers(2**63 - 2, 2**63 + 1).map(str) | st.from_regex(r"^[-+]?\d+\Z"),
        lambda row_id: type(row_id) is int and 0 <= row_id < 2**63,
    ),
}
EVERY_TYPE = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@EVERY_TYPE
@bounded
@given(data=st.data())
def test_keeps_the_rule_or_refuses(case: Case, data: DataObject) -> None:
    given_value = data.draw(case.likely | ANY_TEXT)

    try:
        value = case.adapter.validate_python(given_value)
    except ValidationError:
        return

    assert case.keeps_its_rule(value)


@EVERY_TYPE
@bounded
@given(data=st.data())
def test_reads_what_it_gave_as_the_same(case: Case, data: DataObject) -> None:
    try:
        value = case.adapter.validate_python(data.draw(case.likely))
    except ValidationError:
        return

    again = case.adapter.validate_python(value.isoformat() if isinstance(value, datetime) else str(value))

    assert again == value


@EVERY_TYPE
@bounded
@given(value=JUNK)
def test_refuses_what_is_no_text(case: Case, value: object) -> None:
    if case.adapter is CASES["RowId"].adapter and type(value) is int:
        return

    with pytest.raises(ValidationError):
        case.adapter.validate_python(value)


@bounded
@given(text=padded(st.text(STORABLE, min_size=1, max_size=190)))
def test_accepts_any_title_that_is_not_blank(text: str) -> None:
    if not text.strip():
        return

    assert TypeAdapter(Title).validate_python(text) == text.strip()


@bounded
@given(text=st.text(STORABLE, max_size=1000))
def test_accepts_any_description_as_it_is(text: str) -> None:
    assert TypeAdapter(Description).validate_python(text) == text


@bounded
@given(text=st.text(STORABLE, min_size=8, max_size=1024))
def test_accepts_any_password_of_8_to_1024_characters_as_it_is(text: str) -> None:
    assert TypeAdapter(Password).validate_python(text) == text


@bounded
@given(color=st.from_regex("#[0-9a-fA-F]{6}", fullmatch=True))
def test_accepts_any_color_of_six_digits_as_it_is(color: str) -> None:
    assert TypeAdapter(Color).validate_python(color) == color


@bounded
@given(instant=st.datetimes(timezones=OFFSETS))
def test_reads_any_instant_in_utc(instant: datetime) -> None:
    if instant.year in (MINYEAR, MAXYEAR):
        return

    due_date = TypeAdapter(DueDate).validate_python(instant.isoformat())

    assert due_date == instant
    assert due_date.tzinfo is UTC


@bounded
@given(row_id=st.integers(1, 2**63 - 1))
def test_reads_any_id_that_a_row_can_have(row_id: int) -> None:
    assert TypeAdapter(RowId).validate_python(str(row_id)) == row_id


@bounded
@given(number=st.integers(max_value=0) | st.integers(min_value=2**63))
def test_reads_an_id_that_no_row_can_have_as_one_that_is_unknown(number: int) -> None:
    assert TypeAdapter(RowId).validate_python(str(number)) == 0


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=DAILY;BYDAY=-1FR",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=DAILY;BYYEARDAY=1",
        "FREQ=WEEKLY;BYYEARDAY=1",
        "FREQ=MONTHLY;BYYEARDAY=1",
        "FREQ=MONTHLY;BYWEEKNO=20",
        "FREQ=DAILY;BYSETPOS=1",
    ],
)
def test_refuses_recurrence_parts_that_rfc_5545_keeps_apart(rule: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(RecurrenceRule).validate_python(rule)

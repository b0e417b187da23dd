"""Constrained types: each value obeys its rule, or is rejected."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy
from pydantic import TypeAdapter, ValidationError

from todo.core.security.passwords import normalize_password
from todo.domain.account import PASSWORD_MAX, PASSWORD_MIN, Email, Password
from todo.domain.dates.due import DueDate
from todo.domain.dates.time_zones import attach_time_zone
from todo.domain.identifiers import RowId
from todo.domain.recurrence.rule import RecurrenceRule
from todo.domain.tag import Color, TagName
from todo.domain.task import DESCRIPTION_MAX, Description, Title

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
    """Add spaces before and after a text."""
    return st.tuples(SPACE, text, SPACE).map("".join)


def repeated(limit: int) -> SearchStrategy[str]:
    """Return texts with a length near the limit."""
    return st.tuples(STORABLE, st.integers(limit - 2, limit + 2)).map(lambda pair: pair[0] * pair[1])


def is_storable(text: str) -> bool:
    """Tell whether PostgreSQL can store the text."""
    return "\0" not in text and not re.search("[\ud800-\udfff]", text)


def is_trimmed(text: str, limit: int) -> bool:
    """Tell whether the text is trimmed and has 1 to `limit` characters."""
    return is_storable(text) and text == text.strip() and 1 <= len(text) <= limit


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
    """A constrained type, a strategy for its input, and a check of its values."""

    adapter: TypeAdapter[Any]
    inputs: SearchStrategy[str]
    is_valid: Callable[[Any], bool]


CASES = {
    "Title": Case(TypeAdapter(Title), padded(repeated(200) | ANY_TEXT), lambda title: is_trimmed(title, 200)),
    "Description": Case(
        TypeAdapter(Description), repeated(1000) | ANY_TEXT, lambda text: is_storable(text) and len(text) <= 1000
    ),
    "DueDate": Case(
        TypeAdapter(DueDate),
        INSTANTS.map(datetime.isoformat) | st.dates().map(str) | ISO_LIKE,
        lambda instant: instant.tzinfo in (UTC, None),
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
def test_value_obeys_its_rule_or_is_rejected(case: Case, data: DataObject) -> None:
    raw_value = data.draw(case.inputs | ANY_TEXT)

    try:
        value = case.adapter.validate_python(raw_value)
    except ValidationError:
        return

    assert case.is_valid(value)


@EVERY_TYPE
@bounded
@given(data=st.data())
def test_value_is_unchanged_by_a_second_validation(case: Case, data: DataObject) -> None:
    try:
        value = case.adapter.validate_python(data.draw(case.inputs))
    except ValidationError:
        return

    revalidated = case.adapter.validate_python(value.isoformat() if isinstance(value, datetime) else str(value))

    assert revalidated == value


@EVERY_TYPE
@bounded
@given(value=JUNK)
def test_value_that_is_no_text_is_rejected(case: Case, value: object) -> None:
    if case.adapter is CASES["RowId"].adapter and type(value) is int:
        return

    with pytest.raises(ValidationError):
        case.adapter.validate_python(value)


@bounded
@given(text=padded(st.text(STORABLE, min_size=1, max_size=60)))
def test_title_that_is_not_blank_is_normalized_and_trimmed(text: str) -> None:
    if not text.strip():
        return

    assert TypeAdapter(Title).validate_python(text) == unicodedata.normalize("NFC", text).strip()


@bounded
@given(text=st.text(STORABLE, max_size=1000))
@example(text="\uf900  ")
def test_description_is_normalized_and_otherwise_unchanged(text: str) -> None:
    normalized = unicodedata.normalize("NFC", text)
    assume(len(normalized) <= DESCRIPTION_MAX)

    assert TypeAdapter(Description).validate_python(text) == normalized


@bounded
@given(text=st.text(STORABLE, min_size=8, max_size=1024))
def test_password_of_8_to_1024_characters_is_accepted_in_its_stored_spelling(text: str) -> None:
    password = normalize_password(text)
    assume(PASSWORD_MIN <= len(password) <= PASSWORD_MAX)

    assert TypeAdapter(Password).validate_python(text) == password


@bounded
@given(color=st.from_regex("#[0-9a-fA-F]{6}", fullmatch=True))
def test_color_of_six_digits_is_accepted_unchanged(color: str) -> None:
    assert TypeAdapter(Color).validate_python(color) == color


@bounded
@given(instant=st.datetimes(timezones=OFFSETS))
def test_due_date_is_converted_to_utc(instant: datetime) -> None:
    if instant.year in (MINYEAR, MAXYEAR):
        return

    due_date = attach_time_zone(TypeAdapter(DueDate).validate_python(instant.isoformat()), None)

    assert due_date == instant
    assert due_date.tzinfo is UTC


@bounded
@given(row_id=st.integers(1, 2**63 - 1))
def test_row_id_in_the_range_of_bigint_is_accepted(row_id: int) -> None:
    assert TypeAdapter(RowId).validate_python(str(row_id)) == row_id


@bounded
@given(number=st.integers(max_value=0) | st.integers(min_value=2**63))
def test_row_id_outside_the_range_of_bigint_becomes_0(number: int) -> None:
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
def test_recurrence_parts_that_rfc_5545_does_not_combine_are_rejected(rule: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(RecurrenceRule).validate_python(rule)

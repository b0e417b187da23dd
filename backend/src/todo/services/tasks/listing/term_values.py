"""The values of the terms of a filter, for the parameters of `expressions`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from todo.domain.dates.ranges import DAY, TimeRange, before, compared, days_from, sort_range
from todo.domain.dates.time_zones import day_in_zone
from todo.domain.filters.terms import Comparison, Days, Name, RelativeDay, Term
from todo.domain.identifiers import UNKNOWN_ID, read_id
from todo.domain.text import fold
from todo.services.tasks.listing.expressions import prefix_of
from todo.services.tasks.listing.keys import PRIORITY_RANKS

OVERDUE = "overdue"
OF_DAYS, OF_INSTANTS = ("start", "deadline"), ("created at", "updated at", "completed at")
"""The kinds of terms that compare a column of days or of instants. A due is either of them."""


def needs_zone(term: Term) -> bool:
    """Return whether the time zone of the account decides what a term finds."""
    if not isinstance(term.value, Comparison):
        return term.kind == OVERDUE or isinstance(term.value, Days)
    value = term.value.value
    if isinstance(value, datetime):
        return term.kind not in OF_INSTANTS
    return isinstance(value, RelativeDay) or term.kind not in OF_DAYS


def term_values(terms: Sequence[Term], zone: ZoneInfo, now: datetime) -> dict[str, object]:
    """Return the parameters of all terms.

    Args:
        terms: the terms of a filter.
        zone: the time zone of the account.
        now: the instant of the request.
    """
    values: dict[str, object] = {}
    for place, term in enumerate(terms):
        values |= {f"{prefix_of(place)}_{name}": value for name, value in _values_of(term, zone, now).items()}
    return values


def _values_of(term: Term, zone: ZoneInfo, now: datetime) -> Mapping[str, object]:
    value = term.value
    if term.kind == OVERDUE:
        return _range_values(term, before(now, zone))
    if isinstance(value, Days):
        return _range_values(term, days_from(now, zone, value.first, value.last - value.first + 1))
    if isinstance(value, Comparison):
        bound = value.value
        if isinstance(bound, RelativeDay):
            bound = day_in_zone(now, zone) + bound.offset * DAY
        return _range_values(term, compared(value.operator, bound, zone))
    if isinstance(value, Name):
        return {"name": value.text, "id": UNKNOWN_ID if value.is_quoted else read_id(value.text)}
    if value is None:
        return {}
    return {"rank": PRIORITY_RANKS[value]} if term.kind == "priority" else {"text": fold(value)}


def _range_values(term: Term, found: TimeRange) -> Mapping[str, object]:
    instants: dict[str, object] = {"first": found.first, "last": found.last}
    days: dict[str, object] = {"first_day": found.first_day, "last_day": found.last_day}
    if term.kind in OF_DAYS:
        return days
    if term.kind in OF_INSTANTS:
        return instants
    first_key, last_key = sort_range(found)
    return {**instants, **days, "first_key": first_key, "last_key": last_key}

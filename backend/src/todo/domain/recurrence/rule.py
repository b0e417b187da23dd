"""Recurrence rules: the grammar of an RRULE (RFC 5545, section 3.3.10), and the basis of its next date."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfoNotFoundError

from pydantic import AfterValidator

from todo.core.errors import InvalidValueError
from todo.domain.rules import ChoiceRule, Raises, string_schema
from todo.domain.text import Text

if TYPE_CHECKING:
    from ical.types.recur import Recur

RECURRENCE_RULE_MAX = 500
PLACE_MAX = 26
"""Characters of a date of a series: a day, or a time without an offset."""
RRULE_CHARACTERS = re.compile(r"[A-Z0-9;=,+-]+")
RRULE_SIGN = re.compile(r"(?:INTERVAL|COUNT|BYMONTH|BYHOUR|BYMINUTE|BYSECOND)=[^;]*[+]")
"""A number with a plus sign, which Python reads and RFC 5545 forbids. The library checks the rest of the grammar."""


class InvalidRecurrenceRuleError(InvalidValueError):
    """Recurrence rule must be a valid iCalendar RRULE"""

    code = "INVALID_RECURRENCE_RULE"
    field = "recurrence_rule"


class InvalidRecurrenceBasisError(InvalidValueError):
    """Recurrence basis must be due or completion"""

    code = "INVALID_RECURRENCE_BASIS"
    field = "recurrence_basis"


def check_recurrence_rule(value: str) -> str:
    """Return the rule without spaces around it.

    Raises:
        InvalidRecurrenceRuleError: the text is longer than RECURRENCE_RULE_MAX characters or not an RRULE.
    """
    rule = value.strip()
    if len(rule) > RECURRENCE_RULE_MAX or not _is_recurrence_rule(rule.upper()):
        raise InvalidRecurrenceRuleError
    return rule


@lru_cache(maxsize=256)  # parsing a rule takes 35 µs, and most tasks share a few rules
def _is_recurrence_rule(capitals: str) -> bool:
    from ical.types.recur import Recur  # noqa: PLC0415 -- the import loads all time zones, which takes 0.2 s

    if not RRULE_CHARACTERS.fullmatch(capitals) or RRULE_SIGN.search(capitals):
        return False
    try:
        recur = Recur.from_rrule(capitals)
    except (ValueError, AttributeError, ZoneInfoNotFoundError):
        return False
    return not _breaks_rfc_5545(recur, part_count=capitals.count(";") + 1)


def _breaks_rfc_5545(recur: "Recur", *, part_count: int) -> bool:
    """Check the rules that the library does not: unknown parts, repeated parts, and parts that exclude each other."""
    by_anything = recur.model_fields_set - {"freq", "until", "count", "interval", "wkst", "by_setpos"}
    numbered_days = any(day.occurrence is not None for day in recur.by_weekday)
    return (
        bool(recur.model_extra)
        or len(recur.model_fields_set) != part_count
        or (recur.count is not None and recur.until is not None)
        or (numbered_days and (recur.freq not in ("MONTHLY", "YEARLY") or bool(recur.by_week_no)))
        or (recur.freq == "WEEKLY" and bool(recur.by_month_day))
        or (recur.freq in ("DAILY", "WEEKLY", "MONTHLY") and bool(recur.by_year_day))
        or (recur.freq != "YEARLY" and bool(recur.by_week_no))
        or (bool(recur.by_setpos) and not by_anything)
    )


RecurrenceRule = Annotated[
    Text,
    AfterValidator(check_recurrence_rule),
    Raises(InvalidRecurrenceRuleError),
    string_schema(maxLength=RECURRENCE_RULE_MAX),
]
RecurrenceBasis = Annotated[Literal["due", "completion"], ChoiceRule("RecurrenceBasis", InvalidRecurrenceBasisError)]

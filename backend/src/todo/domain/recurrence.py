"""Recurrence rules: whether a text is an RRULE (RFC 5545, section 3.3.10)."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfoNotFoundError

from todo.domain.value_errors import InvalidRecurrenceRuleError

if TYPE_CHECKING:
    from ical.types.recur import Recur

RECURRENCE_RULE_MAX = 500
RRULE_CHARACTERS = re.compile(r"[A-Z0-9;=,+-]+")
RRULE_SIGN = re.compile(r"(?:INTERVAL|COUNT|BYMONTH|BYHOUR|BYMINUTE|BYSECOND)=[^;]*[+]")
"""What Python reads as a number and RFC 5545 does not; the rest of its grammar is the library's to check."""


def check_recurrence_rule(value: str) -> str:
    """Return the rule without spaces around it.

    Raises:
        InvalidRecurrenceRuleError: it is longer than RECURRENCE_RULE_MAX characters, or no RRULE.
    """
    rule = value.strip()
    if len(rule) > RECURRENCE_RULE_MAX or not _is_recurrence_rule(rule.upper()):
        raise InvalidRecurrenceRuleError
    return rule


@lru_cache(maxsize=256)  # most tasks recur as others do, and reading a rule takes 35 µs
def _is_recurrence_rule(capitals: str) -> bool:
    from ical.types.recur import Recur  # noqa: PLC0415 -- it reads all time zones, a fifth of a second, for the first rule

    if not RRULE_CHARACTERS.fullmatch(capitals) or RRULE_SIGN.search(capitals):
        return False
    try:
        recur = Recur.from_rrule(capitals)
    except (ValueError, AttributeError, ZoneInfoNotFoundError):
        return False
    return not _breaks_rfc_5545(recur, parts_given=capitals.count(";") + 1)


def _breaks_rfc_5545(recur: "Recur", *, parts_given: int) -> bool:
    """Check what the library leaves open: which parts there are, and which may stand together."""
    by_anything = recur.model_fields_set - {"freq", "until", "count", "interval", "wkst", "by_setpos"}
    numbered_days = any(day.occurrence is not None for day in recur.by_weekday)
    return (
        bool(recur.model_extra)
        or len(recur.model_fields_set) != parts_given
        or (recur.count is not None and recur.until is not None)
        or (numbered_days and (recur.freq not in ("MONTHLY", "YEARLY") or bool(recur.by_week_no)))
        or (recur.freq == "WEEKLY" and bool(recur.by_month_day))
        or (recur.freq in ("DAILY", "WEEKLY", "MONTHLY") and bool(recur.by_year_day))
        or (recur.freq != "YEARLY" and bool(recur.by_week_no))
        or (bool(recur.by_setpos) and not by_anything)
    )

"""Ten thousand rules: the next date is that of the library's own expansion, within a limit of time."""

import contextlib
from datetime import datetime
from random import Random

import pytest

from tests.domain.recurrence.rules import library_next, limited_time, random_instant, random_series
from todo.domain.recurrence.expansion import RecurrenceTooComplexError
from todo.domain.recurrence.series import find_next

RULES = 1000
REFUSED_MAX = 0.1


@pytest.mark.timeout(180)
@pytest.mark.spec("REP-040", "REP-041")
@pytest.mark.parametrize("seed", range(10))
def test_next_date_is_that_of_the_library_or_refused_in_time(seed: int) -> None:
    random = Random(seed)
    refused = 0
    for _ in range(RULES):
        now = random_instant(random)
        series = random_series(random, now)
        found: list[datetime | None] = []

        with limited_time(), contextlib.suppress(RecurrenceTooComplexError):
            found = [find_next(series, now, skips=False)]

        if found:
            assert found == [library_next(series, now)], (series, now)
        else:
            refused += 1
    assert refused < REFUSED_MAX * RULES

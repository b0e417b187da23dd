"""The table of missing values in docs/tasks.md, tried with a task that has no values."""

import re
from pathlib import Path

import pytest

from tests.routers.task_lists.support import list_tasks
from tests.support import Make, Person
from todo.services.tasks.listing.expressions import CONDITIONS

DOCUMENT = Path(__file__).parents[3] / "docs" / "tasks.md"
ROW = re.compile(r"^\| `([^`]+)` \| is (not )?in the list \| is (not )?in the list \|$", re.MULTILINE)
ROWS = [(term, not absent, not opposite_absent) for term, absent, opposite_absent in ROW.findall(DOCUMENT.read_text())]
ALWAYS_PRESENT = {"created at", "updated at", "priority", "pending", "completed"}
"""Kinds of terms whose value no task lacks."""


def test_table_has_a_row_for_each_kind_of_term() -> None:
    assert len(ROWS) >= len(CONDITIONS) - len(ALWAYS_PRESENT)


@pytest.mark.spec("FIL-003")
@pytest.mark.parametrize(("term", "is_listed", "opposite_is_listed"), ROWS, ids=[term for term, _, _ in ROWS])
async def test_missing_value_is_not_matching(
    ada: Person, make_task: Make, term: str, is_listed: bool, opposite_is_listed: bool
) -> None:
    await make_task(ada)

    totals = [(await list_tasks(ada, filter=text))["total"] for text in (term, f"!({term})", f"!!({term})")]

    assert totals == [is_listed, opposite_is_listed, is_listed]
    assert is_listed != opposite_is_listed

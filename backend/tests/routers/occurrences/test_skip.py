"""An occurrence is skipped: the task goes on without a completion."""

import pytest

from tests.routers.occurrences.support import complete, read_occurrences, request, skip
from tests.support import Make, Person, assert_error


@pytest.mark.spec("REP-005")
async def test_skip_goes_on_without_a_completion(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule="FREQ=WEEKLY")

    result = await skip(ada, task)

    occurrence = {"due_date": None, "due_day": "2026-12-01", "completed_at": None, "status": "skipped"}
    assert result["occurrence"] == occurrence
    assert (result["task"]["due_day"], result["task"]["completed"]) == ("2026-12-08", False)
    assert await read_occurrences(ada, task) == [occurrence]


@pytest.mark.spec("REP-005")
@pytest.mark.parametrize("basis", ["due", "completion"])
async def test_skip_uses_up_the_count(ada: Person, make_task: Make, basis: str) -> None:
    rule = {"recurrence_rule": "FREQ=DAILY;COUNT=3", "recurrence_basis": basis}
    task = await make_task(ada, due_day="2026-12-01", **rule)

    results = [await skip(ada, task), await complete(ada, task), await skip(ada, task)]

    assert [result["task"]["completed"] for result in results] == [False, False, True]
    assert [record["status"] for record in await read_occurrences(ada, task)] == ["skipped", "completed", "skipped"]


@pytest.mark.spec("REP-005")
async def test_task_that_does_not_repeat_cannot_be_skipped(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01")

    assert_error(await request(ada, task, "skip"), 409, "TASK_DOES_NOT_REPEAT")


@pytest.mark.spec("REP-005", "REP-015")
async def test_skip_with_the_basis_completion_follows_the_due(ada: Person, make_task: Make) -> None:
    rule = {"recurrence_rule": "FREQ=DAILY;INTERVAL=3", "recurrence_basis": "completion"}
    early, late = await make_task(ada, due_day="2026-12-04", **rule), await make_task(ada, due_day="2026-11-27", **rule)

    assert (await skip(ada, early))["task"]["due_day"] == "2026-12-07"
    assert (await skip(ada, late))["task"]["due_day"] == "2026-12-03"

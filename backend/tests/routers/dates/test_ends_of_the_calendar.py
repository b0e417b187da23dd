"""The first and the last instant of the calendar, which the driver stores as infinite ones."""

import pytest

from tests.support import Make, Person

ENDS = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00.000001Z",
    "9999-12-31T23:59:59.999998Z",
    "9999-12-31T23:59:59.999999Z",
)


@pytest.mark.spec("DAT-013")
@pytest.mark.parametrize("instant", ENDS)
async def test_log_trash_and_export_have_the_instant(ada: Person, make_task: Make, instant: str) -> None:
    task = await make_task(ada, due_date=instant)
    changed = await ada.client.patch(f"/tasks/{task['id']}", json={"due_date": None})
    undone = await ada.client.post(f"/changes/{changed.headers['Change-Seq']}/undo", json={})
    deleted = await ada.client.delete(f"/tasks/{task['id']}")

    log = await ada.client.get("/changes")
    export = await ada.client.get("/auth/me/export")
    restored = await ada.client.post(f"/trash/{deleted.headers['Change-Seq']}/restore")

    statuses = [response.status_code for response in (changed, undone, deleted, log, export, restored)]
    assert statuses == [200, 200, 204, 200, 200, 200]
    assert instant in log.text
    assert instant in export.text
    assert restored.json()["items"][0]["data"]["due_date"] == instant

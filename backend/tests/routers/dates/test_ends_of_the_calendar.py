"""The first and the last instant of the calendar, which the driver stores as infinite ones."""

import asyncpg
import pytest

from tests.support import Make, Person, assert_error

ENDS = ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.9999999")


@pytest.mark.spec("DAT-013")
@pytest.mark.parametrize("instant", ENDS)
async def test_infinite_due_date_is_invalid(ada: Person, make_task: Make, instant: str) -> None:
    task = await make_task(ada)

    created = await ada.client.post("/tasks", json={"title": "t", "due_date": instant})
    changed = await ada.client.patch(f"/tasks/{task['id']}", json={"due_date": instant})

    assert_error(created, 400, "INVALID_DUE_DATE")
    assert_error(changed, 400, "INVALID_DUE_DATE")


@pytest.mark.spec("DAT-013")
@pytest.mark.parametrize("instant", ENDS[2:])
async def test_infinite_expiry_is_invalid(ada: Person, instant: str) -> None:
    body = {"name": "x", "scopes": ["tasks:read"], "expires_at": instant}

    assert_error(await ada.client.post("/auth/tokens", json=body), 400, "INVALID_EXPIRY")


@pytest.mark.spec("DAT-013")
@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00.000001Z", "9999-12-31T23:59:59.999998Z"])
async def test_neighbours_are_kept(ada: Person, instant: str) -> None:
    created = await ada.client.post("/tasks", json={"title": "t", "due_date": instant})

    assert created.json()["due_date"] == instant
    assert (await ada.client.get("/changes")).json()["items"][0]["fields"]["due_date"]["after"] == instant


@pytest.mark.spec("DAT-013")
@pytest.mark.parametrize("instant", ["infinity", "-infinity"])
async def test_log_of_an_infinite_instant_can_be_read(
    ada: Person, make_task: Make, connection: asyncpg.Connection, instant: str
) -> None:
    task = await make_task(ada, due_date="2026-12-01T18:00:00Z")
    await connection.execute(f"UPDATE tasks SET due_date = '{instant}' WHERE id = $1", task["id"])
    deleted = await ada.client.delete(f"/tasks/{task['id']}")

    log = await ada.client.get("/changes")
    export = await ada.client.get("/auth/me/export")
    restored = await ada.client.post(f"/trash/{deleted.headers['Change-Seq']}/restore")

    assert [response.status_code for response in (log, export, restored)] == [200, 200, 200]

"""Concurrent writes of one user: in a total order, without deadlocks, and each with a true plan."""

import asyncio

import asyncpg
import pytest

from tests.routers.changes.support import read_log
from tests.support import PASSWORD, Json, Make, MakeApp, Person, advance_clock, make_client, wait_for_lock_waiters


@pytest.mark.spec("CHG-002", "CHG-007")
async def test_concurrent_writes_have_numbers_without_a_gap_and_true_old_values(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    task = await make_task(ada, title="0")

    responses = await asyncio.gather(
        *(ada.client.patch(f"/tasks/{task['id']}", json={"title": f"{number}"}) for number in range(1, 31))
    )

    assert {response.status_code for response in responses} == {200}
    create, *updates = await read_log(connection, ada)
    title = create["after"]["title"]
    for update in updates:
        assert update["before"] == {"title": title}
        title = update["after"]["title"]
    assert (await ada.client.get(f"/tasks/{task['id']}")).json()["title"] == title
    assert [update["seq"] for update in updates] == [*range(create["seq"] + 1, create["seq"] + 31)]
    by_number = {int(response.headers["Change-Seq"]): response.json() for response in responses}
    assert [by_number[update["seq"]]["title"] for update in updates] == [update["after"]["title"] for update in updates]


@pytest.mark.spec("CHG-007")
async def test_deletion_logs_a_tag_that_was_added_while_it_waited(
    ada: Person, make_task: Make, make_tag: Make, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    async with connection.transaction():
        await advance_clock(connection, ada)
        await connection.execute("INSERT INTO task_tag_link VALUES ($1, $2, $3)", ada.id, task["id"], tag["id"])
        deletion = asyncio.ensure_future(ada.client.delete(f"/tasks/{task['id']}"))
        await wait_for_lock_waiters(watcher)

    assert (await deletion).status_code == 204
    [*_, change] = await read_log(connection, ada)
    assert change["before"]["tags"] == [tag["id"]]


@pytest.mark.spec("CHG-007")
async def test_concurrent_requests_do_not_exceed_the_number_of_tags(ada: Person, make_app: MakeApp) -> None:
    app = await make_app(max_tags=5)
    async with make_client(app, headers=ada.client.headers) as client:
        responses = await asyncio.gather(*(client.post("/tags", json={"name": f"{number}"}) for number in range(20)))
        tags: list[Json] = (await client.get("/tags")).json()

    assert sorted(response.status_code for response in responses) == [201] * 5 + [400] * 15
    assert len(tags) == 5


@pytest.mark.spec("CHG-008")
async def test_writes_during_the_deletion_of_the_account_do_not_fail(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    task = await make_task(ada)

    *responses, deletion = await asyncio.gather(
        *(ada.client.post("/tasks", json={"title": f"{number}"}) for number in range(10)),
        *(ada.client.patch(f"/tasks/{task['id']}", json={"title": f"{number}"}) for number in range(10)),
        ada.client.request("DELETE", "/auth/me", json={"password": PASSWORD}),
    )

    assert deletion.status_code == 204
    assert {response.status_code for response in responses} <= {200, 201, 401, 404}
    for table in ("tasks", "changes", "change_clocks"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table} WHERE user_id = $1", ada.id) == 0

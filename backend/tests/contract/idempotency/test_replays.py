"""A repeated request with an idempotency key gets the stored response and writes nothing."""

from uuid import uuid4

import pytest

from tests.contract.idempotency.support import WRITES, Write, assert_replay, create_task, every_write
from tests.contract.support import count_tasks
from tests.support import Json, Person, RecordedApp, assert_error, make_client


@pytest.mark.spec("IDK-001")
@every_write
async def test_repeated_write_gets_the_first_response(write: Write, name: str) -> None:
    first, second, third = [await write(name) for _ in range(3)]

    assert first.status_code == WRITES[name][3], first.text
    assert_replay(second, first)
    assert_replay(third, first)


@pytest.mark.spec("IDK-001")
async def test_repeated_request_creates_one_task(ada: Person, key: str) -> None:
    first, replayed = await create_task(ada, key), await create_task(ada, key)

    assert first.json()["id"] == replayed.json()["id"]
    assert await count_tasks(ada) == 1


@pytest.mark.spec("IDK-001")
@pytest.mark.parametrize("name", ["replace a task", "change a task", "add a tag"])
async def test_repeated_write_bumps_the_version_once(ada: Person, task: Json, write: Write, name: str) -> None:
    await write(name)
    await write(name)

    assert (await ada.client.get(f"/tasks/{task['id']}")).json()["version"] == 2


@pytest.mark.spec("IDK-001")
async def test_first_response_is_replayed_after_a_change_of_the_task(ada: Person, key: str) -> None:
    first = await create_task(ada, key)
    await ada.client.patch(f"/tasks/{first.json()['id']}", json={"title": "Feed the cat"})

    replayed = await create_task(ada, key)

    assert_replay(replayed, first)
    assert replayed.headers["ETag"] == first.headers["ETag"]


@pytest.mark.spec("IDK-001")
async def test_first_response_is_replayed_after_the_deletion_of_the_task(ada: Person, key: str) -> None:
    first = await create_task(ada, key)
    await ada.client.delete(f"/tasks/{first.json()['id']}")

    replayed = await create_task(ada, key)

    assert_replay(replayed, first)
    assert await count_tasks(ada) == 0


@pytest.mark.spec("IDK-001")
async def test_change_is_replayed_after_the_deletion_of_the_task(ada: Person, task: Json, write: Write) -> None:
    first = await write("change a task")
    await ada.client.delete(f"/tasks/{task['id']}")

    assert_replay(await write("change a task"), first)


@pytest.mark.spec("IDK-001")
async def test_added_tag_is_replayed_after_its_removal(ada: Person, task: Json, tag: Json, write: Write) -> None:
    first = await write("add a tag")
    await ada.client.delete(f"/tasks/{task['id']}/tags/{tag['id']}")

    assert_replay(await write("add a tag"), first)
    assert (await ada.client.get(f"/tasks/{task['id']}")).json()["tags"] == []


@pytest.mark.spec("IDK-001")
async def test_conditional_write_is_replayed_after_a_bump_of_the_version(write: Write) -> None:
    first = await write("change a task", **{"If-Match": '"1"'})
    replayed = await write("change a task", **{"If-Match": '"1"'})

    assert first.status_code == 200
    assert_replay(replayed, first)


async def test_requests_without_a_key_or_with_different_keys_all_write(ada: Person) -> None:
    for headers in ({}, {}, {"Idempotency-Key": "a"}, {"Idempotency-Key": "A"}):
        await ada.client.post("/tasks", json={"title": "Water the plants"}, headers=headers)

    assert await count_tasks(ada) == 4


async def test_key_of_a_read_is_ignored(ada: Person, task: Json, key: str) -> None:
    headers = {"Idempotency-Key": key}
    before = await ada.client.get(f"/tasks/{task['id']}", headers=headers)
    await ada.client.patch(f"/tasks/{task['id']}", json={"completed": True})

    after = await ada.client.get(f"/tasks/{task['id']}", headers=headers)

    assert (before.json()["completed"], after.json()["completed"]) == (False, True)
    assert "Idempotency-Replayed" not in after.headers
    assert (await create_task(ada, key)).status_code == 201


async def test_existing_external_id_is_200_with_another_key(ada: Person) -> None:
    body = {"title": "Water the plants", "external_id": "import-7"}

    first, second, replayed = [
        await ada.client.post("/tasks", json=body, headers={"Idempotency-Key": key}) for key in ("a", "b", "b")
    ]

    assert (first.status_code, second.status_code) == (201, 200)
    assert_replay(replayed, second)


async def test_replay_takes_two_statements_and_a_keyed_write_two_more_than_an_unkeyed_write(
    ada: Person, recorded_app: RecordedApp, key: str
) -> None:
    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        person = Person(ada.id, ada.email, client)
        await create_task(person, uuid4().hex)
        recorded_app.statements.clear()
        await create_task(person, key)
        first_words = [statement.split()[0] for statement in recorded_app.statements]
        recorded_app.statements.clear()
        await create_task(person, key)

    assert first_words == ["BEGIN;", "INSERT", "WITH", "UPDATE", "COMMIT;"]
    assert [statement.split()[0] for statement in recorded_app.statements] == ["BEGIN;", "INSERT", "SELECT", "COMMIT;"]


@pytest.mark.spec("AUT-026")
async def test_account_is_not_replayed_to_an_ended_login_session(ada: Person, key: str) -> None:
    headers = {"Idempotency-Key": key}
    first = await ada.client.patch("/auth/me", json={"name": "Ada"}, headers=headers)
    await ada.client.post("/auth/logout-all")

    replayed = await ada.client.patch("/auth/me", json={"name": "Ada"}, headers=headers)

    assert first.status_code == 200
    assert_error(replayed, 401, "SESSION_ENDED")

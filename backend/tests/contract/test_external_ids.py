"""External ids: a client chooses an id for a task, and creates the task at most once."""

import asyncio

import asyncpg
import pytest
from httpx import Response

from tests.contract.support import count_tasks
from tests.support import Json, Make, Person, advance_clock, assert_error, wait_for_lock_waiters

INVALID = (400, "INVALID_EXTERNAL_ID", "External id must be 1-200 characters")
ROUNDS = 20
"""The number of repetitions of a race, because the statements do not overlap in each repetition."""
INSERT_TASK = """
INSERT INTO tasks (user_id, title, title_key, external_id) VALUES ($1, 'Concurrent', '', 'import-7') RETURNING id
"""


async def create(owner: Person, external_id: object = "import-7", **fields: object) -> Response:
    body = {"title": "Water the plants", "external_id": external_id} | fields
    return await owner.client.post("/tasks", json=body)


async def find(owner: Person, external_id: str) -> list[Json]:
    """Return the tasks in the list with this external id."""
    response = await owner.client.get("/tasks", params={"external_id": external_id})
    assert response.status_code == 200, response.text
    items: list[Json] = response.json()["items"]
    assert response.json()["total"] == len(items)
    return items


async def test_create_stores_the_external_id(ada: Person) -> None:
    response = await create(ada)

    assert response.status_code == 201
    assert response.json()["external_id"] == "import-7"


@pytest.mark.spec("EXT-001")
async def test_second_create_returns_the_existing_task(ada: Person) -> None:
    first = await create(ada, description="The ferns too")

    second = await create(ada, title="Feed the cat", completed=True, priority="high")

    assert second.status_code == 200
    assert second.json() == first.json()


@pytest.mark.spec("EXT-001")
async def test_second_create_leaves_the_task_unchanged(ada: Person) -> None:
    task = (await create(ada)).json()

    await create(ada, title="Feed the cat")

    assert (await ada.client.get(f"/tasks/{task['id']}")).json() == task
    assert await count_tasks(ada) == 1


@pytest.mark.spec("EXT-001")
async def test_second_create_returns_the_current_task(ada: Person, make_tag: Make) -> None:
    task, tag = (await create(ada)).json(), await make_tag(ada)
    await ada.client.patch(f"/tasks/{task['id']}", json={"title": "Feed the cat"})
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    second = await create(ada)

    assert second.json() == (await ada.client.get(f"/tasks/{task['id']}")).json()
    assert [present_tag["id"] for present_tag in second.json()["tags"]] == [tag["id"]]
    assert second.json()["version"] == 3


@pytest.mark.spec("EXT-001")
async def test_second_create_validates_the_body(ada: Person) -> None:
    await create(ada)

    assert_error(await create(ada, title=""), 400, "INVALID_TITLE")


async def test_create_after_a_deletion_creates_a_new_task(ada: Person) -> None:
    task = (await create(ada)).json()
    await ada.client.delete(f"/tasks/{task['id']}")

    second = await create(ada)

    assert second.status_code == 201
    assert second.json()["id"] != task["id"]


@pytest.mark.parametrize("other_id", ["Import-7", "import-7 ", " import-7", "import-70", "\u0131mport-7"])
async def test_external_ids_are_compared_exactly(ada: Person, other_id: str) -> None:
    await create(ada)

    response = await create(ada, other_id)

    assert response.status_code == 201
    assert response.json()["external_id"] == other_id


async def test_tasks_without_an_external_id_are_all_created(ada: Person) -> None:
    responses = [await create(ada, None) for _ in range(3)]

    assert [response.status_code for response in responses] == [201, 201, 201]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_change_keeps_the_external_id(ada: Person, method: str) -> None:
    task = (await create(ada)).json()
    body = {"title": "Feed the cat", "priority": "low", "completed": True, "external_id": "import-8"}

    response = await ada.client.request(method, f"/tasks/{task['id']}", json=body)

    assert response.status_code == 200
    assert response.json()["external_id"] == "import-7"


@pytest.mark.spec("EXT-002")
async def test_concurrent_creates_make_one_task(ada: Person) -> None:
    responses = await asyncio.gather(*(create(ada, title=f"Number {number}") for number in range(20)))

    assert sorted(response.status_code for response in responses) == [200] * 19 + [201]
    assert len({response.content for response in responses}) == 1
    assert await count_tasks(ada) == 1


@pytest.mark.spec("EXT-002")
async def test_create_returns_the_task_of_a_concurrent_transaction(
    ada: Person, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await advance_clock(connection, ada)
        task_id = await connection.fetchval(INSERT_TASK, ada.id)
        pending = asyncio.ensure_future(create(ada))
        await wait_for_lock_waiters(watcher)

    response = await pending
    assert (response.status_code, response.json()["id"], response.json()["title"]) == (200, task_id, "Concurrent")


@pytest.mark.spec("EXT-002")
async def test_create_succeeds_after_a_rollback_of_a_concurrent_transaction(
    ada: Person, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await advance_clock(connection, ada)
    await connection.execute(INSERT_TASK, ada.id)
    pending = asyncio.ensure_future(create(ada))
    await wait_for_lock_waiters(watcher)

    await transaction.rollback()

    assert (await pending).status_code == 201


async def test_second_create_does_not_wait_for_a_concurrent_change(
    ada: Person, make_tag: Make, connection: asyncpg.Connection
) -> None:
    task, tag = (await create(ada)).json(), await make_tag(ada)
    async with connection.transaction():
        await advance_clock(connection, ada)
        await connection.execute("INSERT INTO task_tag_link VALUES ($1, $2, $3)", ada.id, task["id"], tag["id"])
        await connection.execute("UPDATE tasks SET version = version + 1 WHERE id = $1", task["id"])
        response = await create(ada)

    assert (response.status_code, response.json()) == (200, task)
    assert [present_tag["id"] for present_tag in (await create(ada)).json()["tags"]] == [tag["id"]]


async def test_create_and_delete_can_run_concurrently(ada: Person) -> None:
    for _ in range(ROUNDS):
        task = (await create(ada)).json()

        *created, deleted = await asyncio.gather(create(ada), create(ada), ada.client.delete(f"/tasks/{task['id']}"))

        assert {response.status_code for response in created} <= {200, 201}
        assert deleted.status_code == 204
        assert await count_tasks(ada) <= 1


@pytest.mark.spec("EXT-003")
async def test_list_finds_a_task_by_its_external_id(ada: Person, make_task: Make) -> None:
    task = (await create(ada)).json()
    await create(ada, "import-70")
    await make_task(ada)

    assert await find(ada, "import-7") == [task]


@pytest.mark.spec("EXT-003")
@pytest.mark.parametrize("external_id", ["import-8", "IMPORT-7", "import", "%", "import-_", "7"])
async def test_list_finds_no_task_by_another_external_id(ada: Person, external_id: str) -> None:
    await create(ada)

    assert await find(ada, external_id) == []


@pytest.mark.spec("EXT-003")
@pytest.mark.parametrize("external_id", ["a b", "ünï 🌿", "a/b?c&d=e", "%41", "'; --", "\\", "+", "n" * 200])
async def test_list_finds_external_ids_with_special_characters(ada: Person, external_id: str) -> None:
    task = (await create(ada, external_id)).json()

    assert await find(ada, external_id) == [task]


@pytest.mark.spec("EXT-003")
async def test_list_combines_an_external_id_with_other_filters(ada: Person) -> None:
    await create(ada, completed=True)

    response = await ada.client.get("/tasks", params={"external_id": "import-7", "status": "pending"})

    assert response.json()["items"] == []


@pytest.mark.spec("EXT-004")
@pytest.mark.parametrize("external_id", ["", "n" * 201, "🌿" * 201, "n" * 100_000], ids=["0", "201", "emoji", "huge"])
async def test_external_id_of_invalid_length_is_rejected(ada: Person, external_id: str) -> None:
    response = await create(ada, external_id)

    assert_error(response, *INVALID)
    assert response.json()["errors"] == [{"field": "external_id", "detail": INVALID[2], "code": INVALID[1]}]


@pytest.mark.spec("EXT-004")
async def test_filter_by_an_external_id_of_invalid_length_is_rejected(ada: Person) -> None:
    response = await ada.client.get("/tasks", params={"external_id": "n" * 201})

    assert_error(response, *INVALID)


@pytest.mark.spec("EXT-004")
@pytest.mark.parametrize("external_id", ["n", "n" * 200, "🌿" * 200, " "], ids=["1", "200", "emoji", "space"])
async def test_external_id_of_1_to_200_characters_is_accepted(ada: Person, external_id: str) -> None:
    response = await create(ada, external_id)

    assert response.status_code == 201
    assert response.json()["external_id"] == external_id


@pytest.mark.parametrize("external_id", [7, True, ["import-7"], {}, "nul\0"], ids=str)
async def test_external_id_of_a_wrong_type_is_rejected(ada: Person, external_id: object) -> None:
    response = await create(ada, external_id)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == ["external_id"]


async def test_filter_by_a_null_character_is_rejected(ada: Person) -> None:
    response = await ada.client.get("/tasks?external_id=%00")

    assert_error(response, 422, "VALIDATION_ERROR")


@pytest.mark.spec("EXT-005")
async def test_two_users_can_use_one_external_id(ada: Person, bob: Person) -> None:
    response_of_ada, response_of_bob = await create(ada), await create(bob, title="Feed the cat")

    assert (response_of_ada.status_code, response_of_bob.status_code) == (201, 201)
    assert (response_of_bob.json()["user_id"], response_of_bob.json()["title"]) == (str(bob.id), "Feed the cat")


@pytest.mark.spec("EXT-005")
async def test_new_task_has_no_tags(ada: Person, bob: Person, make_task: Make, make_tag: Make) -> None:
    for person in (ada, bob):
        task, tag = await make_task(person), await make_tag(person)
        await person.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    response = await create(ada)

    assert response.status_code == 201
    assert response.json()["tags"] == []


@pytest.mark.spec("EXT-005")
async def test_list_finds_no_task_of_another_user(ada: Person, bob: Person) -> None:
    await create(ada)

    assert await find(bob, "import-7") == []

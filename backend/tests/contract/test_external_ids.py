"""External ids: a client's own key for a task, so that it may ask for the same task again and again."""

import asyncio

import asyncpg
import pytest
from httpx import Response

from tests.support import Json, Make, Person, assert_error, wait_for_lock_waiters

INVALID = (400, "INVALID_EXTERNAL_ID", "External id must be 1-200 characters")
ROUNDS = 20
"""How often a race is run, since not every run of it meets."""
INSERT_TASK = "INSERT INTO tasks (user_id, title, external_id) VALUES ($1, 'Theirs', 'import-7') RETURNING id"


async def create(owner: Person, external_id: object = "import-7", **fields: object) -> Response:
    """Create a task with an external id."""
    body = {"title": "Water the plants", "external_id": external_id} | fields
    return await owner.client.post("/tasks", json=body)


async def find(owner: Person, external_id: str) -> list[Json]:
    """Return the tasks that a list finds by an external id."""
    response = await owner.client.get("/tasks", params={"external_id": external_id})
    assert response.status_code == 200, response.text
    items: list[Json] = response.json()["items"]
    assert response.json()["total"] == len(items)
    return items


async def count_tasks(owner: Person) -> int:
    """Return how many tasks somebody has."""
    total: int = (await owner.client.get("/tasks")).json()["total"]
    return total


# Creating again


async def test_creates_a_task_with_an_external_id(ada: Person) -> None:
    response = await create(ada)

    assert response.status_code == 201
    assert response.json()["external_id"] == "import-7"


@pytest.mark.spec("EXT-001")
async def test_gives_the_task_that_is_there(ada: Person) -> None:
    first = await create(ada, description="The ferns too")

    again = await create(ada, title="Feed the cat", completed=True, priority="high")

    assert again.status_code == 200
    assert again.json() == first.json()


@pytest.mark.spec("EXT-001")
async def test_leaves_the_task_that_is_there_as_it_is(ada: Person) -> None:
    task = (await create(ada)).json()

    await create(ada, title="Feed the cat")

    assert (await ada.client.get(f"/tasks/{task['id']}")).json() == task
    assert await count_tasks(ada) == 1


@pytest.mark.spec("EXT-001")
async def test_gives_the_task_as_it_is_now(ada: Person, make_tag: Make) -> None:
    task, tag = (await create(ada)).json(), await make_tag(ada)
    await ada.client.patch(f"/tasks/{task['id']}", json={"title": "Feed the cat"})
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    again = await create(ada)

    assert again.json() == (await ada.client.get(f"/tasks/{task['id']}")).json()
    assert [carried["id"] for carried in again.json()["tags"]] == [tag["id"]]
    assert again.headers["ETag"] == '"3"'


@pytest.mark.spec("EXT-001")
async def test_judges_the_body_even_if_the_task_is_there(ada: Person) -> None:
    await create(ada)

    assert_error(await create(ada, title=""), 400, "INVALID_TITLE")


async def test_creates_anew_when_the_task_was_deleted(ada: Person) -> None:
    task = (await create(ada)).json()
    await ada.client.delete(f"/tasks/{task['id']}")

    again = await create(ada)

    assert again.status_code == 201
    assert again.json()["id"] != task["id"]


@pytest.mark.parametrize("other", ["Import-7", "import-7 ", " import-7", "import-70", "\u0131mport-7"])
async def test_takes_every_character_of_an_external_id_to_count(ada: Person, other: str) -> None:
    await create(ada)

    response = await create(ada, other)

    assert response.status_code == 201
    assert response.json()["external_id"] == other


async def test_creates_any_number_of_tasks_without_an_external_id(ada: Person) -> None:
    answers = [await create(ada, None) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 201]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_keeps_an_external_id_through_every_change(ada: Person, method: str) -> None:
    task = (await create(ada)).json()
    body = {"title": "Feed the cat", "priority": "low", "completed": True, "external_id": "import-8"}

    response = await ada.client.request(method, f"/tasks/{task['id']}", json=body)

    assert response.status_code == 200
    assert response.json()["external_id"] == "import-7"


# At once


@pytest.mark.spec("EXT-002")
async def test_makes_one_task_of_many_at_once(ada: Person) -> None:
    answers = await asyncio.gather(*(create(ada, title=f"Number {number}") for number in range(20)))

    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert await count_tasks(ada) == 1


@pytest.mark.spec("EXT-002")
async def test_gives_the_task_of_the_one_that_it_waited_for(
    ada: Person, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    async with connection.transaction():
        task_id = await connection.fetchval(INSERT_TASK, ada.id)
        creating = asyncio.ensure_future(create(ada))
        await wait_for_lock_waiters(watcher)

    created = await creating
    assert (created.status_code, created.json()["id"], created.json()["title"]) == (200, task_id, "Theirs")


@pytest.mark.spec("EXT-002")
async def test_creates_when_the_one_that_it_waited_for_gave_up(
    ada: Person, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(INSERT_TASK, ada.id)
    creating = asyncio.ensure_future(create(ada))
    await wait_for_lock_waiters(watcher)

    await transaction.rollback()

    assert (await creating).status_code == 201


async def test_gives_the_tags_of_the_version_that_it_names(
    ada: Person, make_tag: Make, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    task, tag = (await create(ada)).json(), await make_tag(ada)
    async with connection.transaction():
        await connection.execute("INSERT INTO task_tag_link VALUES ($1, $2, $3)", ada.id, task["id"], tag["id"])
        await connection.execute("UPDATE tasks SET version = version + 1 WHERE id = $1", task["id"])
        creating = asyncio.ensure_future(create(ada))
        await wait_for_lock_waiters(watcher)

    created = await creating
    assert created.headers["ETag"] == '"2"'
    assert [carried["id"] for carried in created.json()["tags"]] == [tag["id"]]


async def test_survives_creating_what_is_deleted_meanwhile(ada: Person) -> None:
    for _ in range(ROUNDS):
        task = (await create(ada)).json()

        *created, deleted = await asyncio.gather(create(ada), create(ada), ada.client.delete(f"/tasks/{task['id']}"))

        assert {answer.status_code for answer in created} <= {200, 201}
        assert deleted.status_code == 204
        assert await count_tasks(ada) <= 1


# Finding


@pytest.mark.spec("EXT-003")
async def test_finds_a_task_by_its_external_id(ada: Person, make_task: Make) -> None:
    task = (await create(ada)).json()
    await create(ada, "import-70")
    await make_task(ada)

    assert await find(ada, "import-7") == [task]


@pytest.mark.spec("EXT-003")
@pytest.mark.parametrize("external_id", ["import-8", "IMPORT-7", "import", "%", "import-_", "7"])
async def test_finds_nothing_by_another_external_id(ada: Person, external_id: str) -> None:
    await create(ada)

    assert await find(ada, external_id) == []


@pytest.mark.spec("EXT-003")
@pytest.mark.parametrize("external_id", ["a b", "ünï 🌿", "a/b?c&d=e", "%41", "'; --", "\\", "+", "n" * 200])
async def test_finds_whatever_an_external_id_is_made_of(ada: Person, external_id: str) -> None:
    task = (await create(ada, external_id)).json()

    assert await find(ada, external_id) == [task]


@pytest.mark.spec("EXT-003")
async def test_combines_an_external_id_with_other_filters(ada: Person) -> None:
    await create(ada, completed=True)

    response = await ada.client.get("/tasks", params={"external_id": "import-7", "status": "pending"})

    assert response.json()["items"] == []


# What it may be


@pytest.mark.spec("EXT-004")
@pytest.mark.parametrize("external_id", ["", "n" * 201, "🌿" * 201, "n" * 100_000], ids=["0", "201", "emoji", "huge"])
async def test_refuses_an_external_id_that_is_too_short_or_too_long(ada: Person, external_id: str) -> None:
    response = await create(ada, external_id)

    assert_error(response, *INVALID)
    assert response.json()["errors"] == [{"field": "external_id", "detail": INVALID[2], "code": INVALID[1]}]


@pytest.mark.spec("EXT-004")
@pytest.mark.parametrize("external_id", ["", "n" * 201], ids=["0", "201"])
async def test_refuses_to_look_for_an_external_id_that_none_can_have(ada: Person, external_id: str) -> None:
    response = await ada.client.get("/tasks", params={"external_id": external_id})

    assert_error(response, *INVALID)


@pytest.mark.spec("EXT-004")
@pytest.mark.parametrize("external_id", ["n", "n" * 200, "🌿" * 200, " "], ids=["1", "200", "emoji", "space"])
async def test_takes_an_external_id_of_up_to_200_characters(ada: Person, external_id: str) -> None:
    response = await create(ada, external_id)

    assert response.status_code == 201
    assert response.json()["external_id"] == external_id


@pytest.mark.parametrize("external_id", [7, True, ["import-7"], {}, "nul\0"], ids=str)
async def test_refuses_an_external_id_of_a_wrong_type(ada: Person, external_id: object) -> None:
    response = await create(ada, external_id)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == ["external_id"]


async def test_refuses_to_look_for_what_no_text_can_hold(ada: Person) -> None:
    response = await ada.client.get("/tasks?external_id=%00")

    assert_error(response, 422, "VALIDATION_ERROR")


# Whose


@pytest.mark.spec("EXT-005")
async def test_lets_two_users_have_tasks_of_one_external_id(ada: Person, bob: Person) -> None:
    adas, bobs = await create(ada), await create(bob, title="Feed the cat")

    assert (adas.status_code, bobs.status_code) == (201, 201)
    assert (bobs.json()["user_id"], bobs.json()["title"]) == (str(bob.id), "Feed the cat")


@pytest.mark.spec("EXT-005")
async def test_shows_no_tag_on_a_new_task(ada: Person, bob: Person, make_task: Make, make_tag: Make) -> None:
    for person in (ada, bob):
        task, tag = await make_task(person), await make_tag(person)
        await person.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    response = await create(ada)

    assert response.status_code == 201
    assert response.json()["tags"] == []


@pytest.mark.spec("EXT-005")
async def test_finds_no_task_of_somebody_else_by_its_external_id(ada: Person, bob: Person) -> None:
    await create(ada)

    assert await find(bob, "import-7") == []

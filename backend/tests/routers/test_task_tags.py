"""Tags on tasks: put on, taken off, and gone with either side, however many do it at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import asyncpg
import pytest
from httpx import Response

from tests.support import Json, Make, Person, assert_error, wait_for_lock_waiters

UNKNOWN = 9_000_000_000_000_000_000
ROUNDS = 15
"""How often a race is run, since not every run of it meets."""
Call = Callable[[Person, object, object], Awaitable[Response]]


async def link(owner: Person, task_id: object, tag_id: object) -> Response:
    """Put a tag on a task."""
    return await owner.client.post(f"/tasks/{task_id}/tags/{tag_id}")


async def unlink(owner: Person, task_id: object, tag_id: object) -> Response:
    """Take a tag off a task."""
    return await owner.client.delete(f"/tasks/{task_id}/tags/{tag_id}")


async def read(owner: Person, task: Json) -> Json:
    """Return the task as it is now."""
    response = await owner.client.get(f"/tasks/{task['id']}")
    assert response.status_code == 200, response.text
    now: Json = response.json()
    return now


def updated_at(task: Json) -> datetime:
    """Return when the task was changed last."""
    return datetime.fromisoformat(task["updated_at"])


@pytest.fixture
async def task(ada: Person, make_task: Make) -> Json:
    """A task of Ada's."""
    return await make_task(ada)


@pytest.fixture
async def tag(ada: Person, make_tag: Make) -> Json:
    """A tag of Ada's, on no task."""
    return await make_tag(ada)


@pytest.fixture
async def tagged(ada: Person, task: Json, tag: Json) -> Json:
    """Ada's task, with her tag on it."""
    response = await link(ada, task["id"], tag["id"])
    assert response.status_code == 201, response.text
    tagged: Json = response.json()
    return tagged


# Linking


@pytest.mark.spec("ASC-001")
async def test_puts_a_tag_on_a_task(ada: Person, task: Json, make_tag: Make) -> None:
    tag = await make_tag(ada, name="home", color="#FF5733")

    response = await link(ada, task["id"], tag["id"])

    assert response.status_code == 201
    assert response.json()["tags"] == [{"id": tag["id"], "name": "home", "color": "#FF5733"}]


@pytest.mark.spec("ASC-001")
async def test_returns_the_task_as_it_is_read(ada: Person, tagged: Json) -> None:
    assert tagged == await read(ada, tagged)


@pytest.mark.spec("ASC-001")
async def test_shows_the_tags_of_a_task_by_name(ada: Person, task: Json, make_tag: Make) -> None:
    for name in ("home", "Garden", "attic"):
        await link(ada, task["id"], (await make_tag(ada, name=name))["id"])

    assert [tag["name"] for tag in (await read(ada, task))["tags"]] == ["attic", "Garden", "home"]


async def test_puts_one_tag_on_many_tasks(ada: Person, tag: Json, make_task: Make) -> None:
    tasks = [await make_task(ada) for _ in range(3)]

    answers = [await link(ada, task["id"], tag["id"]) for task in tasks]

    assert [answer.status_code for answer in answers] == [201, 201, 201]


@pytest.mark.spec("ASC-002")
async def test_says_when_a_task_carried_the_tag_already(ada: Person, tagged: Json, tag: Json) -> None:
    response = await link(ada, tagged["id"], tag["id"])

    assert response.status_code == 200
    assert response.json() == tagged


@pytest.mark.spec("ASC-003")
async def test_puts_no_unknown_tag_on_a_task(ada: Person, task: Json) -> None:
    response = await link(ada, task["id"], UNKNOWN)

    assert_error(response, 404, "TAG_NOT_FOUND", "Tag not found")


@pytest.mark.spec("ASC-004")
async def test_puts_a_tag_on_no_unknown_task(ada: Person, tag: Json) -> None:
    response = await link(ada, UNKNOWN, tag["id"])

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


@pytest.mark.spec("ASC-005")
async def test_puts_no_tag_of_somebody_else_on_a_task(ada: Person, bob: Person, task: Json, make_tag: Make) -> None:
    bobs = await make_tag(bob)

    response = await link(ada, task["id"], bobs["id"])

    assert_error(response, 404, "TAG_NOT_FOUND", "Tag not found")
    assert await read(ada, task) == task


async def test_puts_a_tag_on_no_task_of_somebody_else(ada: Person, bob: Person, task: Json, make_tag: Make) -> None:
    bobs = await make_tag(bob)

    response = await link(bob, task["id"], bobs["id"])

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")
    assert await read(ada, task) == task


async def test_lets_no_stranger_link_what_is_not_theirs(bob: Person, task: Json, tag: Json) -> None:
    response = await link(bob, task["id"], tag["id"])

    assert response.status_code == 404


# Unlinking


@pytest.mark.spec("ASC-006")
async def test_takes_a_tag_off_a_task(ada: Person, tagged: Json, tag: Json) -> None:
    response = await unlink(ada, tagged["id"], tag["id"])

    assert (response.status_code, response.content) == (204, b"")
    assert (await read(ada, tagged))["tags"] == []


@pytest.mark.spec("ASC-006")
async def test_takes_off_one_tag_of_several(ada: Person, tagged: Json, tag: Json, make_tag: Make) -> None:
    other = await make_tag(ada)
    await link(ada, tagged["id"], other["id"])

    await unlink(ada, tagged["id"], tag["id"])

    assert [carried["id"] for carried in (await read(ada, tagged))["tags"]] == [other["id"]]


@pytest.mark.spec("ASC-006")
async def test_keeps_a_tag_that_is_taken_off(ada: Person, tagged: Json, tag: Json) -> None:
    await unlink(ada, tagged["id"], tag["id"])

    assert [kept["id"] for kept in (await ada.client.get("/tags")).json()] == [tag["id"]]


@pytest.mark.spec("ASC-007")
async def test_takes_off_a_tag_that_is_not_on_the_task(ada: Person, task: Json, tag: Json) -> None:
    response = await unlink(ada, task["id"], tag["id"])

    assert (response.status_code, response.content) == (204, b"")


async def test_takes_no_unknown_tag_off_a_task(ada: Person, task: Json) -> None:
    response = await unlink(ada, task["id"], UNKNOWN)

    assert_error(response, 404, "TAG_NOT_FOUND", "Tag not found")


async def test_takes_a_tag_off_no_unknown_task(ada: Person, tag: Json) -> None:
    response = await unlink(ada, UNKNOWN, tag["id"])

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


async def test_takes_no_tag_of_somebody_else_off_a_task(ada: Person, bob: Person, task: Json, make_tag: Make) -> None:
    bobs = await make_tag(bob)

    response = await unlink(ada, task["id"], bobs["id"])

    assert_error(response, 404, "TAG_NOT_FOUND", "Tag not found")


async def test_takes_a_tag_off_no_task_of_somebody_else(bob: Person, tagged: Json, make_tag: Make) -> None:
    bobs = await make_tag(bob)

    response = await unlink(bob, tagged["id"], bobs["id"])

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


async def test_lets_no_stranger_unlink(ada: Person, bob: Person, tagged: Json, tag: Json) -> None:
    response = await unlink(bob, tagged["id"], tag["id"])

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")
    assert await read(ada, tagged) == tagged


# When a task was changed


async def test_moves_updated_at_when_a_tag_is_put_on(ada: Person, task: Json, tag: Json) -> None:
    response = await link(ada, task["id"], tag["id"])

    assert updated_at(response.json()) > updated_at(task)
    assert response.json()["created_at"] == task["created_at"]


async def test_leaves_updated_at_when_the_tag_was_on(ada: Person, tagged: Json, tag: Json) -> None:
    await link(ada, tagged["id"], tag["id"])

    assert (await read(ada, tagged))["updated_at"] == tagged["updated_at"]


async def test_moves_updated_at_when_a_tag_is_taken_off(ada: Person, tagged: Json, tag: Json) -> None:
    await unlink(ada, tagged["id"], tag["id"])

    assert updated_at(await read(ada, tagged)) > updated_at(tagged)


async def test_leaves_updated_at_when_the_tag_was_off(ada: Person, task: Json, tag: Json) -> None:
    await unlink(ada, task["id"], tag["id"])

    assert (await read(ada, task))["updated_at"] == task["updated_at"]


async def test_leaves_updated_at_of_other_tasks(ada: Person, tag: Json, make_task: Make) -> None:
    task, other = await make_task(ada), await make_task(ada)
    await link(ada, other["id"], tag["id"])
    before = await read(ada, other)

    await link(ada, task["id"], tag["id"])
    await unlink(ada, task["id"], tag["id"])

    assert await read(ada, other) == before


# Deleting


@pytest.mark.spec("ASC-008")
async def test_deletes_the_links_of_a_deleted_task(ada: Person, tagged: Json, connection: asyncpg.Connection) -> None:
    await ada.client.delete(f"/tasks/{tagged['id']}")

    assert await connection.fetchval("SELECT count(*) FROM task_tag_link WHERE user_id = $1", ada.id) == 0


@pytest.mark.spec("ASC-008", "TSK-018")
async def test_keeps_the_tags_of_a_deleted_task(ada: Person, tagged: Json, tag: Json) -> None:
    await ada.client.delete(f"/tasks/{tagged['id']}")

    assert (await ada.client.get("/tags")).json() == [tag]


@pytest.mark.spec("ASC-009")
async def test_takes_a_deleted_tag_off_its_tasks(ada: Person, tagged: Json, tag: Json) -> None:
    await ada.client.delete(f"/tags/{tag['id']}")

    assert (await read(ada, tagged))["tags"] == []


@pytest.mark.spec("ASC-009")
async def test_deletes_the_links_of_a_deleted_tag(
    ada: Person, tagged: Json, tag: Json, connection: asyncpg.Connection
) -> None:
    await ada.client.delete(f"/tags/{tag['id']}")

    links = await connection.fetchval("SELECT count(*) FROM task_tag_link WHERE task_id = $1", tagged["id"])
    assert links == 0


# Ids


@pytest.mark.parametrize("call", [link, unlink])
@pytest.mark.parametrize("unknown", ["0", "-1", "9223372036854775808", "1" + 30 * "0"])
async def test_knows_no_task_or_tag_of_an_id_that_none_can_have(
    ada: Person, task: Json, tag: Json, call: Call, unknown: str
) -> None:
    no_task = await call(ada, unknown, tag["id"])
    no_tag = await call(ada, task["id"], unknown)

    assert_error(no_task, 404, "TASK_NOT_FOUND", "Task not found")
    assert_error(no_tag, 404, "TAG_NOT_FOUND", "Tag not found")


# At once


async def test_links_once_when_many_link_at_once(ada: Person, task: Json, tag: Json) -> None:
    answers = await asyncio.gather(*(link(ada, task["id"], tag["id"]) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]


async def test_shows_the_tag_to_everybody_who_linked_at_once(ada: Person, task: Json, tag: Json) -> None:
    answers = await asyncio.gather(*(link(ada, task["id"], tag["id"]) for _ in range(20)))

    assert {carried["id"] for answer in answers for carried in answer.json()["tags"]} == {tag["id"]}


async def test_links_many_tags_to_a_task_at_once(ada: Person, task: Json, make_tag: Make) -> None:
    tags = [await make_tag(ada) for _ in range(10)]

    answers = await asyncio.gather(*(link(ada, task["id"], tag["id"]) for tag in tags))

    assert [answer.status_code for answer in answers] == [201] * 10
    assert len((await read(ada, task))["tags"]) == 10


async def test_finds_no_tag_that_is_being_deleted(
    ada: Person, task: Json, tag: Json, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await connection.execute("DELETE FROM tags WHERE id = $1", tag["id"])
        linking = asyncio.ensure_future(link(ada, task["id"], tag["id"]))
        await wait_for_lock_waiters(watcher)

    assert_error(await linking, 404, "TAG_NOT_FOUND")


@pytest.mark.parametrize("call", [link, unlink])
async def test_finds_no_task_that_is_being_deleted(
    ada: Person,
    tagged: Json,
    make_tag: Make,
    connection: asyncpg.Connection,
    watcher: asyncpg.Connection,
    call: Call,
) -> None:
    other = await make_tag(ada)
    async with connection.transaction():
        await connection.execute("DELETE FROM tasks WHERE id = $1", tagged["id"])
        calling = asyncio.ensure_future(call(ada, tagged["id"], other["id"]))
        await wait_for_lock_waiters(watcher)

    assert_error(await calling, 404, "TASK_NOT_FOUND")


async def test_links_anew_what_is_being_unlinked(
    ada: Person, tagged: Json, tag: Json, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await connection.execute("DELETE FROM task_tag_link WHERE task_id = $1", tagged["id"])
        linking = asyncio.ensure_future(link(ada, tagged["id"], tag["id"]))
        await wait_for_lock_waiters(watcher)

    assert (await linking).status_code == 201
    assert [carried["id"] for carried in (await read(ada, tagged))["tags"]] == [tag["id"]]


async def test_survives_links_to_a_tag_that_is_deleted_meanwhile(ada: Person, task: Json, make_tag: Make) -> None:
    for _ in range(ROUNDS):
        tag = await make_tag(ada)

        *linked, deleted = await asyncio.gather(
            link(ada, task["id"], tag["id"]),
            link(ada, task["id"], tag["id"]),
            ada.client.delete(f"/tags/{tag['id']}"),
        )

        assert deleted.status_code == 204
        assert {answer.status_code for answer in linked} <= {200, 201, 404}
        assert (await read(ada, task))["tags"] == []


@pytest.mark.parametrize("call", [link, unlink])
async def test_survives_calls_on_a_task_that_is_deleted_meanwhile(
    ada: Person, tag: Json, make_task: Make, call: Call
) -> None:
    for _ in range(ROUNDS):
        task = await make_task(ada)
        await link(ada, task["id"], tag["id"])

        *called, deleted = await asyncio.gather(
            call(ada, task["id"], tag["id"]),
            call(ada, task["id"], tag["id"]),
            ada.client.delete(f"/tasks/{task['id']}"),
        )

        assert deleted.status_code == 204
        assert {answer.status_code for answer in called} <= {200, 201, 204, 404}


async def test_survives_a_task_and_its_tag_being_deleted_at_once(ada: Person, make_task: Make, make_tag: Make) -> None:
    for _ in range(ROUNDS):
        task, tag = await make_task(ada), await make_tag(ada)
        await link(ada, task["id"], tag["id"])

        answers = await asyncio.gather(
            ada.client.delete(f"/tasks/{task['id']}"),
            ada.client.delete(f"/tags/{tag['id']}"),
            unlink(ada, task["id"], tag["id"]),
        )

        assert [answer.status_code for answer in answers[:2]] == [204, 204]
        assert answers[2].status_code in {204, 404}


async def test_finds_the_tag_that_is_unlinked_meanwhile(ada: Person, tagged: Json, tag: Json) -> None:
    for _ in range(ROUNDS):
        await link(ada, tagged["id"], tag["id"])

        linked, unlinked = await asyncio.gather(
            link(ada, tagged["id"], tag["id"]), unlink(ada, tagged["id"], tag["id"])
        )

        assert linked.status_code in {200, 201}, linked.text
        assert unlinked.status_code == 204

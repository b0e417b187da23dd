"""A write with `If-Match` changes only the version that the client names (RFC 9110, section 13)."""

import asyncio

import asyncpg
import pytest

from tests.contract.conditional_requests.support import each_write, etag_of, path_of, read, write
from tests.contract.support import UNKNOWN_ID
from tests.support import Json, Person, advance_clock, assert_error, wait_for_lock_waiters

PRECONDITION_FAILED = (412, "PRECONDITION_FAILED", "It was changed since you read it")
UNKNOWN_ETAGS = ['"x"', '""', '"01"', '"+1"', '"1.0"', '"' + 40 * "9" + '"']
MALFORMED_ETAGS = ["", "1", "x", '"', '" 1"', "'1'", 'w/"1"']


@pytest.mark.spec("VER-003", "VER-004", "VER-005")
@each_write
@pytest.mark.parametrize("if_match", ['"1"', "*", " * ", '"7", "1"', '"1","7"', 'W/"7" , "1"', '"x", "1"'])
async def test_matching_if_match_writes(
    ada: Person, resources: dict[str, Json], collection: str, method: str, if_match: str
) -> None:
    response = await write(ada, method, path_of(collection, resources[collection]), if_match)

    assert response.status_code == (204 if method == "DELETE" else 200), response.text


@pytest.mark.spec("VER-003", "VER-005")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_whole_etag_of_a_tagged_task_writes(ada: Person, tagged_task: Json, method: str) -> None:
    response = await write(ada, method, path_of("tasks", tagged_task), etag_of(tagged_task))

    assert response.is_success, response.text


@pytest.mark.spec("VER-003", "VER-004", "VER-005")
@each_write
async def test_outdated_if_match_is_a_412_with_the_current_resource(
    ada: Person, resources: dict[str, Json], collection: str, method: str
) -> None:
    path = path_of(collection, resources[collection])
    current = (await write(ada, "PUT", path)).json()

    response = await write(ada, method, path, etag_of(resources[collection]))

    assert_error(response, *PRECONDITION_FAILED)
    assert response.json()["current"] == current
    assert response.headers["ETag"] == etag_of(current)


@pytest.mark.spec("VER-003", "VER-004", "VER-005")
@each_write
async def test_412_changes_nothing(ada: Person, resources: dict[str, Json], collection: str, method: str) -> None:
    path = path_of(collection, resources[collection])

    await write(ada, method, path, '"7"')

    assert await read(ada, path) == resources[collection]


@pytest.mark.spec("VER-003", "VER-004", "VER-005")
@each_write
async def test_etag_of_a_412_can_be_used_for_the_next_write(
    ada: Person, resources: dict[str, Json], collection: str, method: str
) -> None:
    path = path_of(collection, resources[collection])
    rejected = await write(ada, method, path, '"7"')

    response = await write(ada, method, path, rejected.headers["ETag"])

    assert response.is_success


@each_write
async def test_weak_etag_writes(ada: Person, resources: dict[str, Json], collection: str, method: str) -> None:
    response = await write(ada, method, path_of(collection, resources[collection]), 'W/"1"')

    assert response.is_success, response.text


@pytest.mark.parametrize("if_match", MALFORMED_ETAGS)
async def test_malformed_etag_is_a_400(ada: Person, task: Json, if_match: str) -> None:
    path = path_of("tasks", task)

    response = await write(ada, "PATCH", path, if_match)

    assert_error(response, 400, "INVALID_IF_MATCH")
    assert await read(ada, path) == task


@pytest.mark.parametrize("if_match", UNKNOWN_ETAGS)
async def test_unknown_etag_is_a_412(ada: Person, task: Json, if_match: str) -> None:
    path = path_of("tasks", task)

    response = await write(ada, "PATCH", path, if_match)

    assert_error(response, 412, "PRECONDITION_FAILED")
    assert await read(ada, path) == task


@each_write
@pytest.mark.parametrize("if_match", ['"1"', "*", '"x"'])
async def test_unknown_resource_is_a_404_with_if_match(
    ada: Person, bob: Person, resources: dict[str, Json], collection: str, method: str, if_match: str
) -> None:
    unknown = await write(ada, method, f"/{collection}/{UNKNOWN_ID}", if_match)
    by_other_user = await write(bob, method, path_of(collection, resources[collection]), if_match)

    code = {"tasks": "TASK_NOT_FOUND", "tags": "TAG_NOT_FOUND"}[collection]
    assert_error(unknown, 404, code)
    assert_error(by_other_user, 404, code)


@pytest.mark.spec("VER-003")
@pytest.mark.parametrize(("if_match", "status"), [('"1"', 200), ('"2"', 412)])
async def test_empty_patch_checks_if_match(ada: Person, task: Json, if_match: str, status: int) -> None:
    response = await ada.client.patch(path_of("tasks", task), json={}, headers={"If-Match": if_match})

    assert (response.status_code, response.headers["ETag"]) == (status, etag_of(task))


async def test_invalid_body_is_reported_before_if_match(ada: Person, task: Json) -> None:
    response = await ada.client.patch(path_of("tasks", task), json={"title": ""}, headers={"If-Match": '"7"'})

    assert_error(response, 400, "INVALID_TITLE")


@pytest.mark.spec("VER-004")
async def test_412_of_a_tag_leaves_its_tasks_unchanged(ada: Person, tagged_task: Json, tag: Json) -> None:
    path = path_of("tags", tag)

    responses = [await write(ada, method, path, '"7"') for method in ("PUT", "DELETE")]

    assert [response.status_code for response in responses] == [412, 412]
    assert await read(ada, path_of("tasks", tagged_task)) == tagged_task


@pytest.mark.spec("VER-004", "VER-005")
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_concurrent_change_of_a_tag_leaves_its_tasks_unchanged(
    ada: Person,
    tagged_task: Json,
    tag: Json,
    connection: asyncpg.Connection,
    watcher: asyncpg.Connection,
    method: str,
) -> None:
    async with connection.transaction():
        await advance_clock(connection, ada)
        await connection.execute("UPDATE tags SET version = version + 1 WHERE id = $1", tag["id"])
        pending = asyncio.ensure_future(write(ada, method, path_of("tags", tag), etag_of(tag)))
        await wait_for_lock_waiters(watcher)

    assert_error(await pending, 412, "PRECONDITION_FAILED")
    assert (await read(ada, path_of("tasks", tagged_task)))["version"] == tagged_task["version"]

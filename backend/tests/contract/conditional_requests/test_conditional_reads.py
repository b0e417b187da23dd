"""A read with a matching `If-None-Match` is a 304 without a body (RFC 9110, section 13)."""

import pytest

from tests.contract.conditional_requests.support import each_collection, etag_of, path_of, read, write
from tests.contract.support import REPLACEMENT
from tests.support import Json, Person, assert_error


@pytest.mark.spec("VER-002")
@each_collection
@pytest.mark.parametrize("if_none_match", ["{}", "W/{}", '"7", {}', '"7" ,W/{}', '"x",{}', "*", " * "])
async def test_matching_if_none_match_is_a_304(
    ada: Person, resources: dict[str, Json], collection: str, if_none_match: str
) -> None:
    etag = etag_of(resources[collection])

    response = await ada.client.get(
        path_of(collection, resources[collection]), headers={"If-None-Match": if_none_match.format(etag)}
    )

    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == etag


@pytest.mark.spec("VER-002")
@each_collection
@pytest.mark.parametrize("if_none_match", ['"2"', 'W/"2"', '"11"', "1", "", '"', "x", '"1', '"01"', '"*"'])
async def test_other_if_none_match_is_a_200(
    ada: Person, resources: dict[str, Json], collection: str, if_none_match: str
) -> None:
    response = await ada.client.get(
        path_of(collection, resources[collection]), headers={"If-None-Match": if_none_match}
    )

    assert response.status_code == 200
    assert response.json() == resources[collection]


@pytest.mark.spec("VER-002")
async def test_304_has_no_content_headers(ada: Person, task: Json) -> None:
    response = await ada.client.get(path_of("tasks", task), headers={"If-None-Match": etag_of(task)})

    assert not {"Content-Type", "Content-Length"} & {name.title() for name in response.headers}
    assert response.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.spec("VER-002")
async def test_changed_task_is_a_200(ada: Person, task: Json) -> None:
    await write(ada, "PATCH", path_of("tasks", task))

    response = await ada.client.get(path_of("tasks", task), headers={"If-None-Match": etag_of(task)})

    assert (response.status_code, response.json()["version"]) == (200, 2)


@pytest.mark.spec("VER-002")
@pytest.mark.parametrize("if_none_match", ['"1"', "*"])
async def test_if_none_match_reveals_no_version_of_another_user(
    ada: Person, bob: Person, task: Json, if_none_match: str
) -> None:
    response = await bob.client.get(path_of("tasks", task), headers={"If-None-Match": if_none_match})

    assert_error(response, 404, "TASK_NOT_FOUND")
    assert await read(ada, path_of("tasks", task)) == task


@each_collection
async def test_if_none_match_of_a_write_is_ignored(ada: Person, resources: dict[str, Json], collection: str) -> None:
    headers = {"If-None-Match": etag_of(resources[collection])}
    body = {"name": "a"} if collection == "tags" else REPLACEMENT

    response = await ada.client.put(path_of(collection, resources[collection]), json=body, headers=headers)

    assert response.status_code == 200

"""Responses have an ETag: the version of a task or a tag, and a weak ETag for a list."""

import asyncio
import re

import pytest

from tests.contract.conditional_requests.support import (
    Change,
    add_tag,
    delete_tag,
    each_collection,
    each_write,
    etag_of,
    path_of,
    read,
    recolor_tag,
    rename_tag,
    write,
)
from tests.contract.support import UNKNOWN_ID
from tests.support import Json, Make, Person


@pytest.mark.spec("VER-001")
@pytest.mark.parametrize(("collection", "body"), [("tasks", {"title": "Water the plants"}), ("tags", {"name": "home"})])
async def test_etag_of_a_new_resource_is_version_1(ada: Person, collection: str, body: Json) -> None:
    response = await ada.client.post(f"/{collection}", json=body)

    assert (response.status_code, response.headers["ETag"]) == (201, etag_of(response.json()))
    assert response.json()["version"] == 1


@pytest.mark.spec("VER-001")
async def test_etag_of_a_task_is_its_version_and_a_digest_of_its_tags(ada: Person, task: Json, tag: Json) -> None:
    without_tags = await ada.client.get(path_of("tasks", task))
    with_tag = await add_tag(ada, task, tag)

    assert re.fullmatch('"1-[0-9a-f]{12}"', without_tags.headers["ETag"])
    assert re.fullmatch('"2-[0-9a-f]{12}"', with_tag.headers["ETag"])
    assert without_tags.headers["ETag"][3:] != with_tag.headers["ETag"][3:]


@pytest.mark.spec("VER-001")
@each_collection
async def test_etag_of_a_read_is_the_version(ada: Person, resources: dict[str, Json], collection: str) -> None:
    response = await ada.client.get(path_of(collection, resources[collection]))

    assert response.headers["ETag"] == etag_of(response.json())
    assert response.json()["version"] == 1


@pytest.mark.spec("VER-001")
@pytest.mark.parametrize(("collection", "method"), [("tasks", "PUT"), ("tasks", "PATCH"), ("tags", "PUT")])
async def test_etag_of_a_change_is_the_next_version(
    ada: Person, resources: dict[str, Json], collection: str, method: str
) -> None:
    path = path_of(collection, resources[collection])

    response = await write(ada, method, path)

    assert (response.status_code, response.headers["ETag"]) == (200, etag_of(response.json()))
    assert response.json()["version"] == 2
    assert await read(ada, path) == response.json()


@pytest.mark.spec("VER-001")
async def test_etag_of_an_added_tag_is_the_version_of_the_task(ada: Person, task: Json, tag: Json) -> None:
    first, second = await add_tag(ada, task, tag), await add_tag(ada, task, tag)

    assert (first.status_code, first.headers["ETag"]) == (201, etag_of(first.json()))
    assert (second.status_code, second.headers["ETag"]) == (200, first.headers["ETag"])
    assert first.json()["version"] == 2


@pytest.mark.spec("VER-001")
async def test_etag_of_an_empty_patch_is_unchanged(ada: Person, task: Json) -> None:
    response = await ada.client.patch(path_of("tasks", task), json={})

    assert response.headers["ETag"] == etag_of(task)


@each_write
async def test_errors_and_deletions_have_no_etag(
    ada: Person, resources: dict[str, Json], collection: str, method: str
) -> None:
    unknown = await write(ada, method, f"/{collection}/{UNKNOWN_ID}")
    deleted = await write(ada, "DELETE", path_of(collection, resources[collection]))

    assert (unknown.status_code, deleted.status_code) == (404, 204)
    assert "etag" not in {**unknown.headers, **deleted.headers}


@pytest.mark.spec("VER-001")
async def test_parallel_reads_have_the_etags_of_their_tasks(ada: Person, make_task: Make) -> None:
    tasks = [await make_task(ada) for _ in range(5)]
    for number, task in enumerate(tasks):
        for version in range(number):
            await ada.client.patch(path_of("tasks", task), json={"title": f"Version {version + 2}"})

    responses = await asyncio.gather(*(ada.client.get(path_of("tasks", task)) for task in tasks * 4))

    assert [response.headers["ETag"] for response in responses] == [etag_of(response.json()) for response in responses]
    assert [response.json()["version"] for response in responses] == [1, 2, 3, 4, 5] * 4


@pytest.mark.spec("VER-006")
@each_collection
async def test_list_has_a_weak_etag(ada: Person, resources: dict[str, Json], collection: str) -> None:
    first, second = [await ada.client.get(f"/{collection}") for _ in range(2)]

    assert resources
    assert first.headers["ETag"].startswith('W/"')
    assert second.headers["ETag"] == first.headers["ETag"]


@pytest.mark.spec("VER-006")
@pytest.mark.parametrize("path", ["/tasks", "/tasks?limit=1&sort=title", "/tags"])
@pytest.mark.parametrize("if_none_match", ["{}", '"7", {}', "*"])
async def test_matching_etag_of_a_list_is_a_304(
    ada: Person, resources: dict[str, Json], path: str, if_none_match: str
) -> None:
    etag = (await ada.client.get(path)).headers["ETag"]

    response = await ada.client.get(path, headers={"If-None-Match": if_none_match.format(etag)})

    assert resources
    assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", etag)


@pytest.mark.spec("VER-006")
@pytest.mark.parametrize("path", ["/tasks", "/tags"])
@pytest.mark.parametrize("change", [rename_tag, recolor_tag, delete_tag])
async def test_etag_of_a_list_changes_with_its_content(
    ada: Person, tagged_task: Json, tag: Json, path: str, change: Change
) -> None:
    etag = (await ada.client.get(path)).headers["ETag"]
    await change(ada, tagged_task, tag)

    response = await ada.client.get(path, headers={"If-None-Match": etag})

    assert response.status_code == 200
    assert response.headers["ETag"] != etag


@pytest.mark.spec("VER-006")
async def test_pages_and_filters_have_different_etags(ada: Person, make_task: Make) -> None:
    for title in ("a", "b"):
        await make_task(ada, title=title)

    responses = [await ada.client.get("/tasks", params=query) for query in ({"q": "a"}, {"q": "b"}, {"page": "2"})]

    assert len({response.headers["ETag"] for response in responses}) == 3

"""Concurrent changes of tags and tasks end without a deadlock."""

import asyncio

from tests.contract.conditional_requests.support import (
    ROUNDS,
    add_tag,
    delete_tag,
    path_of,
    read,
    recolor_tag,
    remove_tag,
    rename_tag,
)
from tests.support import Json, Make, Person


async def test_two_tags_of_the_same_tasks_can_change_concurrently(ada: Person, make_task: Make, make_tag: Make) -> None:
    tasks = [await make_task(ada) for _ in range(6)]
    tags = [await make_tag(ada), await make_tag(ada)]
    for number, task in enumerate(tasks):
        for tag in tags if number % 2 else reversed(tags):
            await add_tag(ada, task, tag)

    for number in range(ROUNDS):
        responses = await asyncio.gather(
            *(ada.client.put(path_of("tags", tag), json={"name": f"{tag['name']}-{number}"}) for tag in tags * 2)
        )
        assert {response.status_code for response in responses} == {200}

    versions = {(await read(ada, path_of("tasks", task)))["version"] for task in tasks}
    assert versions == {1 + len(tags)}


async def test_tags_can_be_added_and_renamed_concurrently(ada: Person, make_task: Make, make_tag: Make) -> None:
    tasks = [await make_task(ada) for _ in range(3)]
    tags = [await make_tag(ada), await make_tag(ada)]

    for _ in range(ROUNDS):
        responses = await asyncio.gather(
            *(call(ada, task, tag) for task in tasks for tag in tags for call in (add_tag, remove_tag)),
            *(change(ada, tasks[0], tag) for tag in tags for change in (rename_tag, recolor_tag)),
        )
        assert {response.status_code for response in responses} <= {200, 201, 204}


async def test_tags_can_be_added_and_deleted_concurrently(ada: Person, make_task: Make, make_tag: Make) -> None:
    tasks = [await make_task(ada) for _ in range(3)]

    for _ in range(ROUNDS):
        tag, other_tag = await make_tag(ada), await make_tag(ada)
        for task in tasks:
            await add_tag(ada, task, other_tag)
        responses = await asyncio.gather(
            *(call(ada, task, tag) for task in tasks for call in (add_tag, remove_tag, add_tag)),
            delete_tag(ada, tasks[0], tag),
            delete_tag(ada, tasks[0], other_tag),
        )
        assert {response.status_code for response in responses} <= {200, 201, 204, 404}

    assert [(await read(ada, path_of("tasks", task)))["tags"] for task in tasks] == [[], [], []]


async def test_etag_of_a_task_identifies_one_state(ada: Person, task: Json, tag: Json, make_tag: Make) -> None:
    other_tag, path = await make_tag(ada), path_of("tasks", task)

    bodies_by_etag: dict[str, set[str]] = {}
    for number in range(ROUNDS):
        responses = await asyncio.gather(
            *(
                call(ada, task, each_tag)
                for each_tag in (tag, other_tag)
                for call in (add_tag, remove_tag, recolor_tag, rename_tag)
            ),
            *(ada.client.patch(path, json={"title": f"{number}.{patch}"}) for patch in range(3)),
            *(ada.client.get(path) for _ in range(5)),
        )
        for response in responses:
            if response.content and "title" in response.json():
                bodies_by_etag.setdefault(response.headers["ETag"], set()).add(response.text)

    assert {etag: bodies for etag, bodies in bodies_by_etag.items() if len(bodies) > 1} == {}

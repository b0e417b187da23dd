"""Versions: every task and tag says which state it is in, and a write may insist on one (RFC 9110, section 13)."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from httpx import Response

from tests.support import COUNT_WAITING, Json, Make, Person, assert_error, wait_for_lock_waiters

ROUNDS = 20
"""How often a race is run, since not every run of it meets."""
UNKNOWN = 9_000_000_000_000_000_000
CHANGED = "It was changed since you read it"
REPLACEMENT: Json = {"title": "Feed the cat", "priority": "low", "completed": True}
NO_TAG_OF_OURS = ["", "1", "x", '"x"', '"', '""', '"01"', '"+1"', '"1.0"', '" 1"', "'1'", 'w/"1"', '"' + 40 * "9" + '"']
Change = Callable[[Person, Json, Json], Awaitable[Response]]


def path_of(kind: str, thing: Json) -> str:
    """Return where a task or a tag is."""
    return f"/{kind}/{thing['id']}"


def tag_of(thing: Json) -> str:
    """Return the ETag that something of this version has."""
    return f'"{thing["version"]}"'


async def read(owner: Person, path: str) -> Json:
    """Return what there is now."""
    response = await owner.client.get(path)
    assert response.status_code == 200, response.text
    now: Json = response.json()
    return now


async def write(owner: Person, method: str, path: str, if_match: str | None = None) -> Response:
    """Change whatever is there with a good body, if its version is that."""
    body: Json | None = {"PATCH": {"completed": True}, "DELETE": None}.get(method, {**REPLACEMENT, "name": "house"})
    headers = {} if if_match is None else {"If-Match": if_match}
    return await owner.client.request(method, path, json=body, headers=headers)


async def link(owner: Person, task: Json, tag: Json) -> Response:
    """Put a tag on a task."""
    return await owner.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")


async def unlink(owner: Person, task: Json, tag: Json) -> Response:
    """Take a tag off a task."""
    return await owner.client.delete(f"/tasks/{task['id']}/tags/{tag['id']}")


async def rename(owner: Person, _task: Json, tag: Json) -> Response:
    """Give a tag another name."""
    return await owner.client.put(f"/tags/{tag['id']}", json={"name": tag["name"] + "!", "color": tag["color"]})


async def paint(owner: Person, _task: Json, tag: Json) -> Response:
    """Give a tag another colour."""
    return await owner.client.put(f"/tags/{tag['id']}", json={"name": tag["name"], "color": "#2E8B57"})


async def delete_tag(owner: Person, _task: Json, tag: Json) -> Response:
    """Delete a tag."""
    return await owner.client.delete(f"/tags/{tag['id']}")


@pytest.fixture
async def task(ada: Person, make_task: Make) -> Json:
    """A task of Ada's, without a tag."""
    return await make_task(ada)


@pytest.fixture
async def tag(ada: Person, make_tag: Make) -> Json:
    """A tag of Ada's, on no task."""
    return await make_tag(ada)


@pytest.fixture
async def tagged(ada: Person, task: Json, tag: Json) -> Json:
    """Ada's task, with her tag on it."""
    response = await link(ada, task, tag)
    assert response.status_code == 201, response.text
    tagged: Json = response.json()
    return tagged


both = pytest.mark.parametrize("kind", ["tasks", "tags"])
conditional = pytest.mark.parametrize(
    ("kind", "method"),
    [("tasks", "PUT"), ("tasks", "PATCH"), ("tasks", "DELETE"), ("tags", "PUT"), ("tags", "DELETE")],
)


@pytest.fixture
def things(task: Json, tag: Json) -> dict[str, Json]:
    """One of each kind."""
    return {"tasks": task, "tags": tag}


# What carries an ETag


@pytest.mark.spec("VER-001")
@pytest.mark.parametrize(("kind", "body"), [("tasks", {"title": "Water the plants"}), ("tags", {"name": "home"})])
async def test_tags_what_is_new_with_the_first_version(ada: Person, kind: str, body: Json) -> None:
    response = await ada.client.post(f"/{kind}", json=body)

    assert (response.status_code, response.headers["ETag"]) == (201, '"1"')
    assert response.json()["version"] == 1


@pytest.mark.spec("VER-001")
@both
async def test_tags_what_is_read_with_its_version(ada: Person, things: dict[str, Json], kind: str) -> None:
    response = await ada.client.get(path_of(kind, things[kind]))

    assert response.headers["ETag"] == tag_of(response.json()) == '"1"'


@pytest.mark.spec("VER-001")
@pytest.mark.parametrize(("kind", "method"), [("tasks", "PUT"), ("tasks", "PATCH"), ("tags", "PUT")])
async def test_tags_what_is_changed_with_the_next_version(
    ada: Person, things: dict[str, Json], kind: str, method: str
) -> None:
    path = path_of(kind, things[kind])

    response = await write(ada, method, path)

    assert (response.status_code, response.headers["ETag"]) == (200, '"2"')
    assert await read(ada, path) == response.json()


@pytest.mark.spec("VER-001")
async def test_tags_a_task_that_is_linked(ada: Person, task: Json, tag: Json) -> None:
    first, again = await link(ada, task, tag), await link(ada, task, tag)

    assert (first.status_code, first.headers["ETag"]) == (201, '"2"')
    assert (again.status_code, again.headers["ETag"]) == (200, '"2"')


@pytest.mark.spec("VER-001")
async def test_tags_a_task_that_was_asked_to_change_nothing(ada: Person, task: Json) -> None:
    response = await ada.client.patch(path_of("tasks", task), json={})

    assert response.headers["ETag"] == '"1"'


@conditional
async def test_tags_no_error_and_no_deletion(ada: Person, things: dict[str, Json], kind: str, method: str) -> None:
    unknown = await write(ada, method, f"/{kind}/{UNKNOWN}")
    deleted = await write(ada, "DELETE", path_of(kind, things[kind]))

    assert (unknown.status_code, deleted.status_code) == (404, 204)
    assert "etag" not in {**unknown.headers, **deleted.headers}


@pytest.mark.spec("VER-001")
async def test_keeps_the_versions_of_parallel_reads_apart(ada: Person, make_task: Make) -> None:
    tasks = [await make_task(ada) for _ in range(5)]
    for number, task in enumerate(tasks):
        for _ in range(number):
            await write(ada, "PATCH", path_of("tasks", task))

    answers = await asyncio.gather(*(ada.client.get(path_of("tasks", task)) for task in tasks * 4))

    assert [answer.headers["ETag"] for answer in answers] == ['"1"', '"2"', '"3"', '"4"', '"5"'] * 4


# Reading again


@pytest.mark.spec("VER-002")
@both
@pytest.mark.parametrize("known", ['"1"', 'W/"1"', '"7", "1"', '"7" ,W/"1"', '"x","1"', "*", " * "])
async def test_answers_304_to_who_has_it_already(ada: Person, things: dict[str, Json], kind: str, known: str) -> None:
    response = await ada.client.get(path_of(kind, things[kind]), headers={"If-None-Match": known})

    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == '"1"'


@pytest.mark.spec("VER-002")
@both
@pytest.mark.parametrize("known", ['"2"', 'W/"2"', '"11"', "1", "", '"', "x", '"1', '"01"', '"*"'])
async def test_answers_whole_to_who_has_another(ada: Person, things: dict[str, Json], kind: str, known: str) -> None:
    response = await ada.client.get(path_of(kind, things[kind]), headers={"If-None-Match": known})

    assert response.status_code == 200
    assert response.json() == things[kind]


@pytest.mark.spec("VER-002")
async def test_answers_304_without_what_describes_a_body(ada: Person, task: Json) -> None:
    response = await ada.client.get(path_of("tasks", task), headers={"If-None-Match": '"1"'})

    assert not {"Content-Type", "Content-Length"} & {name.title() for name in response.headers}
    assert response.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.spec("VER-002")
async def test_answers_whole_once_it_has_changed(ada: Person, task: Json) -> None:
    await write(ada, "PATCH", path_of("tasks", task))

    response = await ada.client.get(path_of("tasks", task), headers={"If-None-Match": tag_of(task)})

    assert (response.status_code, response.headers["ETag"]) == (200, '"2"')


@pytest.mark.spec("VER-002")
@pytest.mark.parametrize("known", ['"1"', "*"])
async def test_hides_from_a_stranger_what_version_there_is(ada: Person, bob: Person, task: Json, known: str) -> None:
    response = await bob.client.get(path_of("tasks", task), headers={"If-None-Match": known})

    assert_error(response, 404, "TASK_NOT_FOUND")
    assert await read(ada, path_of("tasks", task)) == task


@both
async def test_takes_no_if_none_match_for_a_write(ada: Person, things: dict[str, Json], kind: str) -> None:
    headers = {"If-None-Match": tag_of(things[kind])}

    response = await ada.client.put(path_of(kind, things[kind]), json=REPLACEMENT | {"name": "a"}, headers=headers)

    assert response.status_code == 200


# Lists


@pytest.mark.spec("VER-006")
@both
async def test_tags_a_list_weakly(ada: Person, things: dict[str, Json], kind: str) -> None:
    first, again = [await ada.client.get(f"/{kind}") for _ in range(2)]

    assert things
    assert first.headers["ETag"].startswith('W/"')
    assert again.headers["ETag"] == first.headers["ETag"]


@pytest.mark.spec("VER-006")
@pytest.mark.parametrize("path", ["/tasks", "/tasks?limit=1&sort=title", "/tags"])
@pytest.mark.parametrize("form", ["{}", '"7", {}', "*"])
async def test_answers_304_to_who_has_the_list(ada: Person, things: dict[str, Json], path: str, form: str) -> None:
    known = (await ada.client.get(path)).headers["ETag"]

    response = await ada.client.get(path, headers={"If-None-Match": form.format(known)})

    assert things
    assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", known)


@pytest.mark.spec("VER-006")
@pytest.mark.parametrize("path", ["/tasks", "/tags"])
@pytest.mark.parametrize("change", [rename, paint, delete_tag])
async def test_tags_a_list_anew_when_anything_in_it_changed(
    ada: Person, tagged: Json, tag: Json, path: str, change: Change
) -> None:
    known = (await ada.client.get(path)).headers["ETag"]
    await change(ada, tagged, tag)

    response = await ada.client.get(path, headers={"If-None-Match": known})

    assert response.status_code == 200
    assert response.headers["ETag"] != known


@pytest.mark.spec("VER-006")
async def test_tags_pages_and_filters_apart(ada: Person, make_task: Make) -> None:
    for title in ("a", "b"):
        await make_task(ada, title=title)

    answers = [await ada.client.get("/tasks", params=query) for query in ({"q": "a"}, {"q": "b"}, {"page": "2"})]

    assert len({answer.headers["ETag"] for answer in answers}) == 3


# Writing what one has read


@pytest.mark.spec("VER-003", "VER-004", "VER-005")
@conditional
@pytest.mark.parametrize("if_match", ['"1"', "*", " * ", '"7", "1"', '"1","7"', 'W/"7" , "1"', '"x", "1"'])
async def test_writes_what_is_as_the_client_read_it(
    ada: Person, things: dict[str, Json], kind: str, method: str, if_match: str
) -> None:
    response = await write(ada, method, path_of(kind, things[kind]), if_match)

    assert response.status_code == (204 if method == "DELETE" else 200), response.text


@pytest.mark.spec("VER-003", "VER-004", "VER-005")
@conditional
async def test_refuses_a_write_of_what_has_changed(
    ada: Person, things: dict[str, Json], kind: str, method: str
) -> None:
    path = path_of(kind, things[kind])
    current = (await write(ada, "PUT", path)).json()

    response = await write(ada, method, path, tag_of(things[kind]))

    assert_error(response, 412, "PRECONDITION_FAILED", CHANGED)
    assert response.json()["current"] == current
    assert response.headers["ETag"] == '"2"'


@pytest.mark.spec("VER-003", "VER-004", "VER-005")
@conditional
async def test_writes_nothing_that_it_refuses(ada: Person, things: dict[str, Json], kind: str, method: str) -> None:
    path = path_of(kind, things[kind])

    await write(ada, method, path, '"7"')

    assert await read(ada, path) == things[kind]


@pytest.mark.spec("VER-003", "VER-004", "VER-005")
@conditional
async def test_succeeds_with_the_etag_of_the_refusal(
    ada: Person, things: dict[str, Json], kind: str, method: str
) -> None:
    path = path_of(kind, things[kind])
    refused = await write(ada, method, path, '"7"')

    response = await write(ada, method, path, refused.headers["ETag"])

    assert response.is_success


@conditional
async def test_never_takes_a_weak_tag_for_a_write(ada: Person, things: dict[str, Json], kind: str, method: str) -> None:
    response = await write(ada, method, path_of(kind, things[kind]), 'W/"1"')

    assert_error(response, 412, "PRECONDITION_FAILED")


@pytest.mark.parametrize("if_match", NO_TAG_OF_OURS)
async def test_matches_nothing_with_what_is_no_tag_of_ours(ada: Person, task: Json, if_match: str) -> None:
    path = path_of("tasks", task)

    response = await write(ada, "PATCH", path, if_match)

    assert_error(response, 412, "PRECONDITION_FAILED")
    assert await read(ada, path) == task


@conditional
@pytest.mark.parametrize("if_match", ['"1"', "*", '"x"'])
async def test_finds_no_version_of_what_there_is_not(
    ada: Person, bob: Person, things: dict[str, Json], kind: str, method: str, if_match: str
) -> None:
    unknown = await write(ada, method, f"/{kind}/{UNKNOWN}", if_match)
    strangers = await write(bob, method, path_of(kind, things[kind]), if_match)

    code = {"tasks": "TASK_NOT_FOUND", "tags": "TAG_NOT_FOUND"}[kind]
    assert_error(unknown, 404, code)
    assert_error(strangers, 404, code)


@pytest.mark.spec("VER-003")
@pytest.mark.parametrize(("if_match", "status"), [('"1"', 200), ('"2"', 412)])
async def test_judges_a_patch_of_nothing_as_well(ada: Person, task: Json, if_match: str, status: int) -> None:
    response = await ada.client.patch(path_of("tasks", task), json={}, headers={"If-Match": if_match})

    assert (response.status_code, response.headers["ETag"]) == (status, '"1"')


async def test_judges_a_body_before_a_version(ada: Person, task: Json) -> None:
    response = await ada.client.patch(path_of("tasks", task), json={"title": ""}, headers={"If-Match": '"7"'})

    assert_error(response, 400, "INVALID_TITLE")


@pytest.mark.spec("VER-004")
async def test_leaves_the_tasks_of_a_tag_alone_that_it_does_not_write(ada: Person, tagged: Json, tag: Json) -> None:
    path = path_of("tags", tag)

    answers = [await write(ada, method, path, '"7"') for method in ("PUT", "DELETE")]

    assert [answer.status_code for answer in answers] == [412, 412]
    assert await read(ada, path_of("tasks", tagged)) == tagged


@pytest.mark.spec("VER-004", "VER-005")
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_leaves_the_tasks_alone_when_the_tag_changes_under_its_hands(
    ada: Person,
    tagged: Json,
    tag: Json,
    connection: asyncpg.Connection,
    watcher: asyncpg.Connection,
    method: str,
) -> None:
    async with connection.transaction():
        await connection.execute("UPDATE tags SET version = version + 1 WHERE id = $1", tag["id"])
        writing = asyncio.ensure_future(write(ada, method, path_of("tags", tag), tag_of(tag)))
        await wait_for_lock_waiters(watcher)

    assert_error(await writing, 412, "PRECONDITION_FAILED")
    assert (await read(ada, path_of("tasks", tagged)))["version"] == tagged["version"]


# What moves a task's version


@pytest.mark.spec("VER-007")
@pytest.mark.parametrize("change", [unlink, rename, paint, delete_tag])
async def test_moves_a_tasks_version_with_what_is_on_it(ada: Person, tagged: Json, tag: Json, change: Change) -> None:
    await change(ada, tagged, tag)

    now = await read(ada, path_of("tasks", tagged))
    assert now["version"] == tagged["version"] + 1
    assert now["updated_at"] > tagged["updated_at"]


@pytest.mark.spec("VER-007")
async def test_moves_a_tasks_version_with_a_link(ada: Person, task: Json, tag: Json) -> None:
    response = await link(ada, task, tag)

    assert response.json()["version"] == task["version"] + 1


@pytest.mark.spec("VER-007")
async def test_moves_the_version_of_every_task_that_carries_the_tag(ada: Person, tag: Json, make_task: Make) -> None:
    tasks = [(await link(ada, await make_task(ada), tag)).json() for _ in range(3)]

    await rename(ada, tasks[0], tag)

    assert [(await read(ada, path_of("tasks", task)))["version"] for task in tasks] == [3, 3, 3]


@pytest.mark.spec("VER-007")
@pytest.mark.parametrize("change", [link, rename, paint, delete_tag, unlink])
async def test_leaves_the_version_of_other_tasks(
    ada: Person, bob: Person, tagged: Json, tag: Json, make_task: Make, make_tag: Make, change: Change
) -> None:
    others = [await make_task(ada), (await link(ada, await make_task(ada), await make_tag(ada))).json()]
    bobs = await make_task(bob)

    await change(ada, tagged, tag)

    assert [await read(ada, path_of("tasks", other)) for other in others] == others
    assert await read(bob, path_of("tasks", bobs)) == bobs


@pytest.mark.spec("VER-007")
async def test_leaves_the_version_when_a_link_changes_nothing(ada: Person, tagged: Json, make_tag: Make) -> None:
    [carried] = tagged["tags"]

    await link(ada, tagged, carried)
    await unlink(ada, tagged, await make_tag(ada))

    assert await read(ada, path_of("tasks", tagged)) == tagged


@pytest.mark.parametrize("change", [link, unlink])
async def test_leaves_the_version_of_a_tag_that_is_linked(ada: Person, task: Json, tag: Json, change: Change) -> None:
    await change(ada, task, tag)

    assert await read(ada, path_of("tags", tag)) == tag


@pytest.mark.spec("VER-007")
async def test_refuses_a_write_on_a_task_whose_tag_was_renamed(ada: Person, tagged: Json, tag: Json) -> None:
    await rename(ada, tagged, tag)

    response = await write(ada, "PATCH", path_of("tasks", tagged), tag_of(tagged))

    assert_error(response, 412, "PRECONDITION_FAILED")
    assert response.json()["current"]["tags"][0]["name"] == tag["name"] + "!"


@pytest.mark.spec("VER-007")
@pytest.mark.parametrize("change", [rename, delete_tag])
async def test_moves_the_version_of_a_task_that_is_being_linked(
    ada: Person, task: Json, tag: Json, connection: asyncpg.Connection, watcher: asyncpg.Connection, change: Change
) -> None:
    async with connection.transaction():
        await connection.execute("INSERT INTO task_tag_link VALUES ($1, $2, $3)", ada.id, task["id"], tag["id"])
        await connection.execute("UPDATE tasks SET version = 2 WHERE id = $1", task["id"])
        changing = asyncio.ensure_future(change(ada, task, tag))
        await wait_for_lock_waiters(watcher)
    # From here on anybody may read version 2, with the tag as it was before the change.

    assert (await changing).is_success
    assert (await read(ada, path_of("tasks", task)))["version"] == 3


@pytest.mark.spec("VER-007")
async def test_moves_the_version_of_a_task_that_is_linked_while_its_tag_is_painted(
    ada: Person,
    tagged: Json,
    tag: Json,
    make_task: Make,
    connection: asyncpg.Connection,
    watcher: asyncpg.Connection,
) -> None:
    other = await make_task(ada)
    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", tagged["id"])
        painting = asyncio.ensure_future(paint(ada, tagged, tag))
        await wait_for_lock_waiters(watcher)
        linking = asyncio.ensure_future(link(ada, other, tag))
        async with asyncio.timeout(20):
            while not linking.done() and await watcher.fetchval(COUNT_WAITING) < 2:
                pass

    linked, painted = (await linking).json(), await painting
    now = await read(ada, path_of("tasks", other))
    assert painted.status_code == 200
    assert now["version"] > linked["version"] or now == linked


@pytest.mark.spec("VER-001", "VER-007")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_answers_a_write_with_the_tags_of_the_version_that_it_names(
    ada: Person,
    task: Json,
    tag: Json,
    connection: asyncpg.Connection,
    watcher: asyncpg.Connection,
    method: str,
) -> None:
    async with connection.transaction():
        await connection.execute("INSERT INTO task_tag_link VALUES ($1, $2, $3)", ada.id, task["id"], tag["id"])
        await connection.execute("UPDATE tasks SET version = version + 1 WHERE id = $1", task["id"])
        writing = asyncio.ensure_future(write(ada, method, path_of("tasks", task)))
        await wait_for_lock_waiters(watcher)

    written = await writing
    assert written.headers["ETag"] == '"3"'
    assert written.json() == await read(ada, path_of("tasks", task))


# At once


@pytest.mark.spec("VER-008")
@conditional
async def test_lets_one_of_many_writes_on_one_version_through(
    ada: Person, things: dict[str, Json], kind: str, method: str
) -> None:
    path = path_of(kind, things[kind])

    answers = await asyncio.gather(*(write(ada, method, path, '"1"') for _ in range(20)))

    statuses = sorted(answer.status_code for answer in answers)
    lost = 404 if method == "DELETE" else 412
    assert statuses == sorted([204 if method == "DELETE" else 200] + [lost] * 19)


@pytest.mark.spec("VER-008")
async def test_writes_what_the_one_that_came_through_wrote(ada: Person, task: Json) -> None:
    path = path_of("tasks", task)

    answers = await asyncio.gather(
        *(ada.client.patch(path, json={"title": f"By {number}"}, headers={"If-Match": '"1"'}) for number in range(20))
    )

    [winner] = [answer for answer in answers if answer.status_code == 200]
    assert await read(ada, path) == winner.json()
    assert {json.dumps(answer.json()["current"]) for answer in answers if answer is not winner} == {
        json.dumps(winner.json())
    }


@pytest.mark.spec("VER-008")
@pytest.mark.parametrize("kind", ["tasks", "tags"])
async def test_refuses_a_write_that_waited_for_another(
    ada: Person,
    things: dict[str, Json],
    connection: asyncpg.Connection,
    watcher: asyncpg.Connection,
    kind: str,
) -> None:
    thing = things[kind]
    async with connection.transaction():
        await connection.execute(f"UPDATE {kind} SET version = version + 1 WHERE id = $1", thing["id"])
        writing = asyncio.ensure_future(write(ada, "PUT", path_of(kind, thing), '"1"'))
        await wait_for_lock_waiters(watcher)

    refused = await writing
    assert_error(refused, 412, "PRECONDITION_FAILED")
    assert refused.headers["ETag"] == '"2"'


@pytest.mark.spec("VER-010")
async def test_keeps_parallel_patches_of_different_fields(ada: Person, task: Json) -> None:
    changes: Json = {
        "title": "Feed the cat",
        "description": "Twice",
        "completed": True,
        "priority": "high",
        "due_date": "2026-12-01T18:00:00Z",
        "recurrence_rule": "FREQ=DAILY",
    }
    path = path_of("tasks", task)

    answers = await asyncio.gather(*(ada.client.patch(path, json={field: value}) for field, value in changes.items()))

    now = await read(ada, path)
    assert {answer.status_code for answer in answers} == {200}
    assert now["version"] == 7
    assert now | changes == now


@pytest.mark.spec("VER-010")
async def test_keeps_a_patch_that_waited_for_one_of_another_field(
    ada: Person, task: Json, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await connection.execute("UPDATE tasks SET title = 'Theirs', version = 2 WHERE id = $1", task["id"])
        patching = asyncio.ensure_future(write(ada, "PATCH", path_of("tasks", task)))
        await wait_for_lock_waiters(watcher)

    patched = (await patching).json()
    assert (patched["title"], patched["completed"], patched["version"]) == ("Theirs", True, 3)


# Patches


@pytest.mark.spec("VER-009")
@pytest.mark.parametrize(
    "content_type",
    ["application/merge-patch+json", "application/json", "application/merge-patch+json; charset=utf-8"],
)
async def test_takes_a_merge_patch(ada: Person, make_task: Make, content_type: str) -> None:
    task = await make_task(ada, description="The ferns too", due_date="2026-12-01T18:00:00Z")

    response = await ada.client.patch(
        path_of("tasks", task),
        content=b'{"description": null, "completed": true}',
        headers={"Content-Type": content_type},
    )

    changed: Json = {"description": None, "completed": True, "version": 2}
    assert response.status_code == 200
    assert response.json() == task | changed | {"updated_at": response.json()["updated_at"]}


@pytest.mark.spec("VER-009")
@pytest.mark.parametrize("content_type", ["application/merge-patch+json", "application/json"])
@pytest.mark.parametrize("body", [b"[]", b'[{"op": "replace"}]', b'"title"', b"7", b"null", b"true", b"", b"{"])
async def test_refuses_a_patch_that_is_no_object(ada: Person, task: Json, content_type: str, body: bytes) -> None:
    path = path_of("tasks", task)

    response = await ada.client.patch(path, content=body, headers={"Content-Type": content_type})

    assert_error(response, 422, "VALIDATION_ERROR")
    assert await read(ada, path) == task


@pytest.mark.spec("VER-009")
@pytest.mark.parametrize("field", ["title", "priority", "completed"])
async def test_refuses_to_clear_what_may_not_be_empty(ada: Person, task: Json, field: str) -> None:
    response = await ada.client.patch(
        path_of("tasks", task),
        content=json.dumps({field: None}),
        headers={"Content-Type": "application/merge-patch+json"},
    )

    assert_error(response, 422, "VALIDATION_ERROR")


# Deadlocks


async def test_survives_two_tags_of_the_same_tasks_changing_at_once(
    ada: Person, make_task: Make, make_tag: Make
) -> None:
    tasks = [await make_task(ada) for _ in range(6)]
    tags = [await make_tag(ada), await make_tag(ada)]
    for number, task in enumerate(tasks):
        for tag in tags if number % 2 else reversed(tags):
            await link(ada, task, tag)

    for number in range(ROUNDS):
        answers = await asyncio.gather(
            *(ada.client.put(path_of("tags", tag), json={"name": f"{tag['name']}-{number}"}) for tag in tags * 2)
        )
        assert {answer.status_code for answer in answers} == {200}

    versions = {(await read(ada, path_of("tasks", task)))["version"] for task in tasks}
    assert versions == {1 + len(tags) + ROUNDS * 4}


async def test_survives_links_while_tags_are_renamed(ada: Person, make_task: Make, make_tag: Make) -> None:
    tasks = [await make_task(ada) for _ in range(3)]
    tags = [await make_tag(ada), await make_tag(ada)]

    for _ in range(ROUNDS):
        answers = await asyncio.gather(
            *(call(ada, task, tag) for task in tasks for tag in tags for call in (link, unlink)),
            *(change(ada, tasks[0], tag) for tag in tags for change in (rename, paint)),
        )
        assert {answer.status_code for answer in answers} <= {200, 201, 204}


async def test_survives_links_while_their_tag_is_deleted(ada: Person, make_task: Make, make_tag: Make) -> None:
    tasks = [await make_task(ada) for _ in range(3)]

    for _ in range(ROUNDS):
        tag, other = await make_tag(ada), await make_tag(ada)
        for task in tasks:
            await link(ada, task, other)
        answers = await asyncio.gather(
            *(call(ada, task, tag) for task in tasks for call in (link, unlink, link)),
            delete_tag(ada, tasks[0], tag),
            delete_tag(ada, tasks[0], other),
        )
        assert {answer.status_code for answer in answers} <= {200, 201, 204, 404}

    assert [(await read(ada, path_of("tasks", task)))["tags"] for task in tasks] == [[], [], []]


@pytest.mark.parametrize("change", [rename, delete_tag])
async def test_waits_in_no_circle_with_a_link_and_two_tags(
    ada: Person,
    make_task: Make,
    make_tag: Make,
    connection: asyncpg.Connection,
    watcher: asyncpg.Connection,
    change: Change,
) -> None:
    first, second = await make_task(ada), await make_task(ada)
    on_both, on_first = await make_tag(ada), await make_tag(ada)
    for task, tag in [(first, on_both), (second, on_both), (first, on_first)]:
        await link(ada, task, tag)

    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", second["id"])
        calls = []
        for number, call in enumerate(
            (link(ada, second, on_first), change(ada, first, on_both), change(ada, first, on_first))
        ):
            calls.append(asyncio.ensure_future(call))
            await wait_for_lock_waiters(watcher, number + 1)

    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} <= {200, 201, 204, 404}


async def test_never_shows_two_states_of_a_task_under_one_version(
    ada: Person, task: Json, tag: Json, make_tag: Make
) -> None:
    other, path = await make_tag(ada), path_of("tasks", task)

    seen: dict[str, set[str]] = {}
    for number in range(ROUNDS):
        answers = await asyncio.gather(
            *(call(ada, task, one) for one in (tag, other) for call in (link, unlink, paint, rename)),
            *(ada.client.patch(path, json={"title": f"{number}.{patch}"}) for patch in range(3)),
            *(ada.client.get(path) for _ in range(5)),
        )
        for answer in answers:
            if answer.content and "title" in answer.json():
                seen.setdefault(answer.headers["ETag"], set()).add(answer.text)

    assert {version: bodies for version, bodies in seen.items() if len(bodies) > 1} == {}

"""Tags that a write of a task sets: POST, PUT and PATCH."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from httpx import AsyncClient, Response

from tests.routers.changes.support import read_log
from tests.support import Json, Make, MakeApp, MakeToken, Person, assert_error, authorize, make_client

WHOLE_TASK = {"title": "Water", "priority": "low", "completed": False}


def names(response: Response) -> list[str]:
    assert response.is_success, response.text
    return [tag["name"] for tag in response.json()["tags"]]


async def all_names(owner: Person) -> list[str]:
    return [tag["name"] for tag in (await owner.client.get("/tags")).json()]


@pytest.mark.spec("TGW-001")
async def test_task_is_created_with_ids_names_and_objects(ada: Person, make_tag: Make) -> None:
    home, work = await make_tag(ada, name="home"), await make_tag(ada, name="work", color="#2E8B57")

    response = await ada.client.post("/tasks", json={"title": "x", "tags": [home["id"], work, "garden", "home"]})

    assert response.status_code == 201
    assert names(response) == ["garden", "home", "work"]
    assert await all_names(ada) == ["garden", "home", "work"]
    assert (await ada.client.get(f"/tasks/{response.json()['id']}")).json() == response.json()


@pytest.mark.spec("TGW-002")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_tags_replace_the_set(ada: Person, tagged_task: Json, method: str) -> None:
    body = WHOLE_TASK if method == "PUT" else {}

    response = await ada.client.request(method, f"/tasks/{tagged_task['id']}", json=body | {"tags": ["garden"]})
    emptied = await ada.client.request(method, f"/tasks/{tagged_task['id']}", json=body | {"tags": []})

    assert names(response) == ["garden"]
    assert names(emptied) == []
    assert emptied.json()["version"] > response.json()["version"] > tagged_task["version"]


@pytest.mark.spec("TGW-002")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_absent_tags_stay(ada: Person, tagged_task: Json, method: str) -> None:
    response = await ada.client.request(method, f"/tasks/{tagged_task['id']}", json=WHOLE_TASK)

    assert response.json()["tags"] == tagged_task["tags"]


@pytest.mark.spec("TGW-002")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_task_that_was_read_can_be_sent_back(ada: Person, tagged_task: Json, method: str) -> None:
    response = await ada.client.request(method, f"/tasks/{tagged_task['id']}", json=tagged_task)

    assert response.json() == tagged_task


@pytest.mark.spec("TGW-003")
async def test_name_is_exact_and_normalized(ada: Person, make_tag: Make, task: Json) -> None:
    await make_tag(ada, name="Café")

    response = await ada.client.patch(f"/tasks/{task['id']}", json={"tags": [" Cafe\u0301 ", "café"]})

    assert names(response) == ["Café", "café"]
    assert await all_names(ada) == ["Café", "café"]


@pytest.mark.spec("TGW-004")
@pytest.mark.parametrize("unknown", [2**63 - 1, 2**70, 0, -1, {"id": 987654321, "name": "home"}])
async def test_unknown_id_changes_nothing(ada: Person, tagged_task: Json, unknown: object) -> None:
    response = await ada.client.patch(f"/tasks/{tagged_task['id']}", json={"title": "New", "tags": ["new", unknown]})

    assert_error(response, 404, "TAG_NOT_FOUND")
    assert (await ada.client.get(f"/tasks/{tagged_task['id']}")).json() == tagged_task
    assert "new" not in await all_names(ada)


@pytest.mark.spec("TGW-004")
async def test_tag_of_another_user_is_unknown(ada: Person, bob: Person, make_tag: Make) -> None:
    tag = await make_tag(bob, name="secret")

    response = await ada.client.post("/tasks", json={"title": "x", "tags": [tag]})
    by_name = await ada.client.post("/tasks", json={"title": "x", "tags": ["secret"]})

    assert_error(response, 404, "TAG_NOT_FOUND")
    assert by_name.json()["tags"][0]["id"] != tag["id"]


@pytest.mark.spec("TGW-005")
@pytest.mark.parametrize("tags", ["home", {"id": 1}, [None], [True], [1.5], [["home"]], [{}], [{"id": "7"}], None])
async def test_other_types_are_invalid(ada: Person, task: Json, tags: object) -> None:
    response = await ada.client.patch(f"/tasks/{task['id']}", json={"tags": tags})

    assert_error(response, 400, "INVALID_TAGS")
    assert response.json()["errors"][0]["field"] == "tags"


@pytest.mark.spec("TGW-005")
@pytest.mark.parametrize("name", ["", " ", "x" * 51, "x" * 100_000])
async def test_name_that_no_tag_can_have_is_invalid(ada: Person, name: str) -> None:
    response = await ada.client.post("/tasks", json={"title": "x", "tags": ["home", name]})

    assert_error(response, 400, "INVALID_TAG_NAME")


@pytest.mark.spec("TGW-005")
@pytest.mark.parametrize("name", ["a\\u0000b", "\\ud800"])
async def test_name_that_cannot_be_stored_is_malformed(ada: Person, name: str) -> None:
    body = f'{{"title": "x", "tags": ["{name}"]}}'

    response = await ada.client.post("/tasks", content=body, headers={"Content-Type": "application/json"})

    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "tags"


@pytest.fixture
async def limited(make_app: MakeApp, ada: Person) -> AsyncClient:
    """A client of Ada, for an application that allows three tags and two on a task."""
    return make_client(await make_app(max_tags=3, max_tags_per_task=2), headers=ada.client.headers)


@pytest.mark.spec("TGW-006")
async def test_limits_count_distinct_tags(limited: AsyncClient, ada: Person) -> None:
    at_limit = await limited.post("/tasks", json={"title": "x", "tags": ["a", "b", "a"]})
    on_task = await limited.post("/tasks", json={"title": "x", "tags": ["a", "b", "c"]})
    in_total = await limited.post("/tasks", json={"title": "x", "tags": ["c", "d"]})

    assert names(at_limit) == ["a", "b"]
    assert_error(on_task, 400, "TOO_MANY_TAGS_ON_TASK")
    assert_error(in_total, 400, "TOO_MANY_TAGS")
    assert await all_names(ada) == ["a", "b"]


@pytest.mark.spec("TGW-007")
async def test_new_name_needs_the_scope(
    client: AsyncClient, ada: Person, make_tag: Make, make_token: MakeToken
) -> None:
    await make_tag(ada, name="home")
    tasks = authorize((await make_token(ada, "tasks:write"))["token"])
    both = authorize((await make_token(ada, "tasks:write", "tags:write"))["token"])

    known = await client.post("/tasks", json={"title": "x", "tags": ["home"]}, headers=tasks)
    new = await client.post("/tasks", json={"title": "x", "tags": ["new"]}, headers=tasks)
    allowed = await client.post("/tasks", json={"title": "x", "tags": ["new"]}, headers=both)

    assert names(known) == ["home"]
    assert_error(new, 403, "INSUFFICIENT_SCOPE")
    assert names(allowed) == ["new"]


@pytest.mark.spec("TGW-008")
async def test_stale_version_changes_nothing(ada: Person, tagged_task: Json) -> None:
    stale = {"If-Match": '"1"'}

    both = await ada.client.patch(f"/tasks/{tagged_task['id']}", json={"title": "y", "tags": ["new"]}, headers=stale)
    tags = await ada.client.patch(f"/tasks/{tagged_task['id']}", json={"tags": ["new"]}, headers=stale)

    assert_error(both, 412, "PRECONDITION_FAILED")
    assert_error(tags, 412, "PRECONDITION_FAILED")
    assert both.json()["current"] == tagged_task
    assert "new" not in await all_names(ada)


@pytest.mark.spec("TGW-008")
async def test_tags_that_changed_after_the_base_conflict(ada: Person, tagged_task: Json) -> None:
    path = f"/tasks/{tagged_task['id']}"
    base = (await ada.client.get("/sync")).headers["Change-Seq"]
    await ada.client.patch(path, json={"tags": ["theirs"]})

    conflict = await ada.client.patch(path, json={"title": "y", "tags": ["mine"]}, headers={"Change-Base": base})
    repeated = await ada.client.patch(path, json={"tags": ["theirs"]}, headers={"Change-Base": base})
    other = await ada.client.patch(path, json={"title": "y"}, headers={"Change-Base": base})

    assert_error(conflict, 409, "FIELD_CONFLICT")
    assert [error["field"] for error in conflict.json()["errors"]] == ["tags"]
    assert names(repeated) == ["theirs"]
    assert names(other) == ["theirs"]


@pytest.mark.spec("TGW-009")
async def test_existing_task_keeps_its_tags(ada: Person) -> None:
    body = {"title": "x", "external_id": "import-7", "tags": ["home"]}
    created = await ada.client.post("/tasks", json=body)

    repeated = await ada.client.post("/tasks", json=body | {"tags": ["other"]})

    assert repeated.status_code == 200
    assert repeated.json() == created.json()
    assert await all_names(ada) == ["home"]


@pytest.mark.spec("TGW-010")
async def test_undo_takes_back_the_task_and_its_new_tags(ada: Person, connection: asyncpg.Connection) -> None:
    created = await ada.client.post("/tasks", json={"title": "x", "tags": ["home", "garden"]})
    log = await read_log(connection, ada)

    undone = await ada.client.post(f"/changes/{created.headers['Change-Seq']}/undo", json={})

    assert len({change["batch"] for change in log}) == 1
    assert [change["action"] for change in log if change["type"] == "tag"] == ["create", "create"]
    assert undone.status_code == 200, undone.text
    assert await all_names(ada) == []
    assert (await ada.client.get("/tasks")).json()["items"] == []

    redone = await ada.client.post(f"/changes/{undone.headers['Change-Seq']}/undo", json={})

    assert redone.status_code == 200, redone.text
    assert await all_names(ada) == ["garden", "home"]
    [task] = (await ada.client.get("/tasks")).json()["items"]
    assert [tag["name"] for tag in task["tags"]] == ["garden", "home"]


@pytest.mark.spec("TGW-010")
async def test_undo_of_a_new_task_with_an_existing_tag_is_one_change(
    ada: Person, tag: Json, connection: asyncpg.Connection
) -> None:
    created = await ada.client.post("/tasks", json={"title": "x", "tags": [tag["id"]]})

    undone = await ada.client.post(f"/changes/{created.headers['Change-Seq']}/undo", json={})

    batch = [change for change in await read_log(connection, ada) if change["batch"] == undone.json()["seq"]]
    assert [(change["type"], change["action"]) for change in batch] == [("task", "delete")]
    assert await all_names(ada) == [tag["name"]]


@pytest.mark.spec("TGW-010")
async def test_new_task_with_existing_tags_is_one_entry_of_the_log(
    ada: Person, make_tag: Make, connection: asyncpg.Connection
) -> None:
    work, home = await make_tag(ada, name="work"), await make_tag(ada, name="home")

    created = await ada.client.post("/tasks", json={"title": "x", "tags": ["work", home["id"]]})

    [entry] = [change for change in await read_log(connection, ada) if change["type"] == "task"]
    assert names(created) == ["home", "work"]
    assert created.json()["version"] == 1
    assert (entry["action"], entry["seq"]) == ("create", int(created.headers["Change-Seq"]))
    assert entry["after"]["tags"] == [work["id"], home["id"]]


@pytest.mark.spec("TGW-001", "TGW-011")
@pytest.mark.parametrize(("by_name", "status"), [(True, 201), (False, 404)])
async def test_tag_that_is_deleted_during_a_create_is_unknown(
    ada: Person, tag: Json, connection: asyncpg.Connection, by_name: bool, status: int
) -> None:
    reference = tag["name"] if by_name else tag["id"]
    deleting = connection.transaction()
    await deleting.start()
    await connection.execute("UPDATE change_clocks SET seq = seq + 1 WHERE user_id = $1", UUID(tag["user_id"]))

    creating = asyncio.create_task(ada.client.post("/tasks", json={"title": "x", "tags": [reference]}))
    await asyncio.sleep(0.2)
    assert not creating.done()
    # Each write locks the clock first. If the create had locked the tag, each would now wait for the other.
    await connection.execute("DELETE FROM tags WHERE id = $1", tag["id"])
    await deleting.commit()

    response = await creating
    assert response.status_code == status, response.text
    assert await all_names(ada) == ([tag["name"]] if by_name else [])
    assert (await ada.client.get("/tasks")).json()["total"] == (1 if by_name else 0)


@pytest.mark.spec("TGW-010")
async def test_same_tags_change_nothing(ada: Person, tagged_task: Json, tag: Json) -> None:
    response = await ada.client.patch(f"/tasks/{tagged_task['id']}", json={"tags": [tag["id"], tag["name"]]})

    assert response.json() == tagged_task
    assert "Change-Seq" not in response.headers


@pytest.mark.spec("TGW-011")
async def test_concurrent_writes_create_one_tag(ada: Person) -> None:
    responses = await asyncio.gather(
        *(ada.client.post("/tasks", json={"title": f"{number}", "tags": ["home"]}) for number in range(12))
    )

    assert {tuple(names(response)) for response in responses} == {("home",)}
    assert len({response.json()["tags"][0]["id"] for response in responses}) == 1
    assert await all_names(ada) == ["home"]


async def test_unknown_task_is_found_first(ada: Person) -> None:
    response = await ada.client.patch("/tasks/987654321", json={"tags": [987654321, "new"]})

    assert_error(response, 404, "TASK_NOT_FOUND")
    assert await all_names(ada) == []

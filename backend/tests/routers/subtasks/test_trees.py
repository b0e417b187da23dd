"""A request creates a task with its subtasks."""

import asyncio

import asyncpg
import pytest
from httpx import AsyncClient, Response

from tests.routers.projects.support import list_tasks, read, titles_of, undo
from tests.routers.subtasks.support import assert_sound, make_chain, tree_of
from tests.support import Json, Make, MakeApp, MakeToken, Person, RecordedApp, assert_error, authorize, make_client
from todo.schemas.tasks.bulk import CreateItem
from todo.schemas.tasks.task import TaskCreate
from todo.services.tasks.trees.nesting import VALIDATED_AT_ONCE, read_nesting

HOUSE: Json = {
    "title": "a",
    "subtasks": [{"title": "b", "subtasks": [{"title": "c"}, {"title": "d"}]}, {"title": "e"}],
}


def nested(levels: int, **fields: object) -> Json:
    """Return a task with one subtask at each level; the first level is the task."""
    task: Json = {"title": f"{levels}", **fields}
    for level in reversed(range(1, levels)):
        task = {"title": f"{level}", "subtasks": [task]}
    return task


async def post(owner: Person, body: Json, **headers: str) -> Response:
    return await owner.client.post("/tasks", json=body, headers=headers)


async def create(owner: Person, body: Json) -> Json:
    response = await post(owner, body)
    assert response.status_code == 201, response.text
    task: Json = response.json()
    return task


def fields_of(response: Response) -> dict[str, str]:
    """Return the codes of the problems by field."""
    return {error["field"]: error["code"] for error in response.json()["errors"]}


@pytest.mark.spec("SUB-040")
async def test_one_request_creates_a_whole_tree(ada: Person, make_task: Make) -> None:
    other = await make_task(ada, title="x")

    response = await post(ada, HOUSE)

    task = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/tasks/{task['id']}"
    assert await tree_of(ada) == "x a(b(c d) e)"
    assert (task["title"], task["version"], task.keys()) == ("a", 1, other.keys())
    assert [subtask["title"] for subtask in await list_tasks(ada, parent=task["id"])] == ["b", "e"]


@pytest.mark.spec("SUB-040")
async def test_subtasks_have_all_fields_of_a_task(ada: Person) -> None:
    fields: Json = {
        "title": "b",
        "description": "in the cellar",
        "priority": "high",
        "due_date": "2026-12-01T09:00",
        "due_time_zone": "Europe/Berlin",
        "start_day": "2026-11-20",
        "estimated_minutes": 30,
        "recurrence_rule": "FREQ=DAILY",
        "recurrence_basis": "completion",
        "external_id": "old-7",
    }

    task = await create(ada, {"title": "a", "subtasks": [fields, {"title": " c ", "completed": True}]})

    b, c = await list_tasks(ada, parent=task["id"])
    assert b == b | fields | {"due_date": "2026-12-01T08:00:00Z"}
    assert (c["title"], c["completed"], c["completed_at"] is not None) == ("c", True, True)
    assert await titles_of(ada, q="cellar") == ["b"]


@pytest.mark.spec("SUB-040")
@pytest.mark.parametrize("fields", [{}, {"subtasks": []}])
async def test_task_without_subtasks_is_a_task(ada: Person, fields: Json) -> None:
    await create(ada, {"title": "a", **fields})

    assert await tree_of(ada) == "a"


@pytest.mark.spec("SUB-041")
async def test_tree_is_in_the_project_and_section_of_its_task(
    ada: Person, project: Json, section: Json, connection: asyncpg.Connection
) -> None:
    place = {"project_id": project["id"], "section_id": section["id"]}

    await create(ada, {"title": "a", **place, "subtasks": [{"title": "b"}, {"title": "c", **place}]})

    tasks = await list_tasks(ada, project=project["id"])
    assert [{name: task[name] for name in place} for task in tasks] == [place] * 3
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-041")
async def test_tree_comes_below_a_parent(ada: Person, archived_parent: Json, connection: asyncpg.Connection) -> None:
    await create(ada, {**HOUSE, "parent_id": archived_parent["id"]})

    assert await tree_of(ada) == "p(a(b(c d) e))"
    assert await list_tasks(ada) == []
    await assert_sound(connection, ada)


@pytest.fixture
async def archived_parent(ada: Person, project: Json, make_task: Make) -> Json:
    """A task of an archived project."""
    task = await make_task(ada, title="p", project_id=project["id"])
    await ada.client.patch(f"/projects/{project['id']}", json={"archived": True})
    return task


@pytest.mark.spec("SUB-041")
@pytest.mark.parametrize("field", ["project_id", "section_id", "parent_id"])
async def test_place_that_is_not_that_of_the_task_is_rejected(
    ada: Person, project: Json, section: Json, make_task: Make, field: str
) -> None:
    ids = {"project_id": project["id"], "section_id": section["id"], "parent_id": (await make_task(ada))["id"]}
    body = {"title": "a", "subtasks": [{"title": "b", "subtasks": [{"title": "c", field: ids[field]}]}]}

    response = await post(ada, body)

    assert_error(response, 400, "SUBTASK_FOLLOWS_PARENT")
    assert fields_of(response) == {f"subtasks.0.subtasks.0.{field}": "SUBTASK_FOLLOWS_PARENT"}
    assert await titles_of(ada, q="a", project="none") == ["Water the plants"]


@pytest.mark.spec("SUB-042")
async def test_tree_has_ten_levels(ada: Person, make_task: Make) -> None:
    await create(ada, nested(10))
    deep = await post(ada, nested(11))
    chain = await make_chain(make_task, ada, "uvwxyz")
    await create(ada, {**nested(4), "parent_id": chain[-1]["id"]})
    below = await post(ada, {**nested(5), "parent_id": chain[-1]["id"]})

    for response, levels in ((deep, 10), (below, 4)):
        assert_error(response, 400, "SUBTASKS_TOO_DEEP")
        assert fields_of(response) == {".".join(["subtasks.0"] * levels): "SUBTASKS_TOO_DEEP"}
    assert len(await list_tasks(ada)) == 20


@pytest.mark.spec("SUB-042")
async def test_tree_has_a_thousand_tasks(ada: Person) -> None:
    halves = [{"title": "b", "subtasks": [{"title": "c"}] * 499}, {"title": "d", "subtasks": [{"title": "e"}] * 498}]

    large = await post(ada, {"title": "a", "subtasks": [*halves, {"title": "f"}]})
    largest = await post(ada, {"title": "a", "subtasks": halves})

    assert_error(large, 400, "TOO_MANY_SUBTASKS")
    assert largest.status_code == 201, largest.text
    assert (await read(ada, "/tasks"))["total"] == 1000


@pytest.mark.spec("SUB-042")
@pytest.mark.parametrize("levels", [2_000, 30_000])
async def test_hostile_nesting_is_rejected(ada: Person, levels: int) -> None:
    body = '{"title":"a","subtasks":[' * levels + "]}" * levels

    response = await ada.client.post("/tasks", content=body, headers={"Content-Type": "application/json"})

    assert response.status_code in {400, 422}
    assert (await read(ada, "/tasks"))["total"] == 0


@pytest.mark.spec("SUB-042")
async def test_validation_of_subtasks_yields_to_the_event_loop() -> None:
    iterations = 0

    async def count_iterations() -> None:
        nonlocal iterations
        while True:
            iterations += 1
            await asyncio.sleep(0)

    tree = TaskCreate.model_validate({"title": "a", "subtasks": [{"title": "b", "subtasks": [{"title": "c"}] * 998}]})
    items: dict[int, object] = {0: CreateItem(action="create", task=tree)}
    counter = asyncio.ensure_future(count_iterations())
    await read_nesting(items, {})
    counter.cancel()

    assert len(items) == 1000
    assert iterations >= 1000 // VALIDATED_AT_ONCE - 1


@pytest.mark.spec("SUB-043")
async def test_problems_name_their_place_and_nothing_is_written(ada: Person) -> None:
    subtasks = [
        {"title": ""},
        {"title": "b", "subtasks": [{"title": "c", "priority": 3}, 7, {"titel": "d"}]},
        {"title": "e", "tags": [987654]},
    ]

    response = await post(ada, {"title": "a", "subtasks": subtasks})

    assert_error(response, 422, "VALIDATION_ERROR")
    assert fields_of(response) == {
        "subtasks.0.title": "INVALID_TITLE",
        "subtasks.1.subtasks.0.priority": "VALIDATION_ERROR",
        "subtasks.1.subtasks.1": "VALIDATION_ERROR",
        "subtasks.1.subtasks.2.title": "VALIDATION_ERROR",
        "subtasks.1.subtasks.2.titel": "UNKNOWN_FIELD",
    }
    assert (await read(ada, "/tasks"))["total"] == 0


@pytest.mark.spec("SUB-043")
@pytest.mark.parametrize(
    ("body", "status", "field", "code"),
    [
        ({"parent_id": 987654}, 404, "parent_id", "PARENT_NOT_FOUND"),
        ({"project_id": 987654}, 404, "project_id", "PROJECT_NOT_FOUND"),
        ({"tags": [987654]}, 404, "tags", "TAG_NOT_FOUND"),
        ({"subtasks": [{"title": "b", "tags": [987654]}]}, 404, "subtasks.0.tags", "TAG_NOT_FOUND"),
        ({"subtasks": [{"title": ""}]}, 400, "subtasks.0.title", "INVALID_TITLE"),
        ({"subtasks": [{"title": "b", "subtasks": None}]}, 422, "subtasks.0.subtasks", "VALIDATION_ERROR"),
        ({"subtasks": "b"}, 422, "subtasks", "VALIDATION_ERROR"),
        ({"subtasks": [{"title": "b\0"}]}, 422, "subtasks.0.title", "VALIDATION_ERROR"),
    ],
)
async def test_each_problem_has_its_code(ada: Person, body: Json, status: int, field: str, code: str) -> None:
    response = await post(ada, {"title": "a", "subtasks": [{"title": "b"}], **body})

    assert_error(response, status, code)
    assert fields_of(response) == {field: code}
    assert (await read(ada, "/tasks"))["total"] == 0


@pytest.mark.spec("SUB-043")
async def test_put_and_patch_have_no_subtasks(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await ada.client.patch(f"/tasks/{task['id']}", json={"subtasks": [{"title": "b"}]})

    assert_error(response, 422, "UNKNOWN_FIELD")


@pytest.mark.spec("SUB-044")
async def test_repeated_create_returns_the_task_and_creates_no_subtasks(ada: Person) -> None:
    body = {**HOUSE, "external_id": "old-1"}
    first = await create(ada, body)
    changed = [*HOUSE["subtasks"], {"title": "f", "tags": ["new"]}]

    again = await post(ada, {**body, "subtasks": changed, "tags": [987654], "parent_id": 987654})

    assert again.status_code == 200
    assert again.json() == first
    assert "Change-Seq" not in again.headers
    assert await tree_of(ada) == "a(b(c d) e)"
    assert (await ada.client.get("/tags")).json() == []


@pytest.mark.spec("SUB-044")
async def test_subtask_that_exists_stays_where_it_is_and_gets_no_subtasks(ada: Person, make_task: Make) -> None:
    known = await make_task(ada, title="k", external_id="old-2", tags=["home"])
    subtasks = [
        {"title": "b", "external_id": "old-2", "tags": ["garden"], "subtasks": [{"title": "c"}]},
        {"title": "d", "external_id": "old-3", "subtasks": [{"title": "e"}]},
        {"title": "f", "external_id": "old-3", "subtasks": [{"title": "g", "tags": ["garden"]}]},
    ]

    await create(ada, {"title": "a", "subtasks": subtasks})

    assert await tree_of(ada) == "k a(d(e))"
    assert await read(ada, f"/tasks/{known['id']}") == known
    assert [tag["name"] for tag in (await ada.client.get("/tags")).json()] == ["home"]


@pytest.mark.spec("SUB-044")
async def test_trees_with_one_external_id_at_once_are_one_tree(ada: Person, elsewhere: AsyncClient) -> None:
    for number in range(5):
        body = {**HOUSE, "external_id": f"old-{number}"}

        responses = await asyncio.gather(post(ada, body), elsewhere.post("/tasks", json=body))

        assert sorted(response.status_code for response in responses) == [200, 201]
    assert (await read(ada, "/tasks"))["total"] == 25


@pytest.mark.spec("SUB-041")
async def test_tree_that_is_created_while_its_parent_is_deleted_is_deleted_too(
    ada: Person, elsewhere: AsyncClient, make_task: Make
) -> None:
    for _ in range(5):
        parent = await make_task(ada, title="p")

        deleted, created = await asyncio.gather(
            elsewhere.delete(f"/tasks/{parent['id']}"), post(ada, {**HOUSE, "parent_id": parent["id"]})
        )

        assert deleted.status_code == 204
        assert created.status_code in {201, 404}
        assert await tree_of(ada) == ""


@pytest.mark.spec("SUB-044")
async def test_repeated_idempotency_key_creates_one_tree(ada: Person) -> None:
    first, second = [await post(ada, HOUSE, **{"Idempotency-Key": "once"}) for _ in range(2)]

    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    assert await tree_of(ada) == "a(b(c d) e)"


@pytest.mark.spec("SUB-045")
async def test_subtasks_have_tags(ada: Person, make_tag: Make) -> None:
    home = await make_tag(ada, name="home")
    tags = ["new", home["id"]]

    task = await create(ada, {"title": "a", "tags": ["new"], "subtasks": [{"title": "b", "tags": tags}]})

    [b] = await list_tasks(ada, parent=task["id"])
    assert [[tag["name"] for tag in tagged["tags"]] for tagged in (task, b)] == [["new"], ["home", "new"]]


@pytest.mark.spec("SUB-045")
async def test_scopes_are_those_of_tasks_and_of_new_tags(ada: Person, make_app: MakeApp, make_token: MakeToken) -> None:
    token = await make_token(ada, scopes=["tasks:write"])
    async with make_client(await make_app(), headers=authorize(token["token"])) as client:
        created = await client.post("/tasks", json=HOUSE)
        refused = await client.post("/tasks", json={"title": "a", "subtasks": [{"title": "b", "tags": ["new"]}]})

    assert created.status_code == 201, created.text
    assert_error(refused, 403, "INSUFFICIENT_SCOPE")
    assert fields_of(refused) == {"subtasks.0.tags": "INSUFFICIENT_SCOPE"}


@pytest.mark.spec("SUB-046")
async def test_tree_is_one_batch(ada: Person) -> None:
    token = (await ada.client.get("/sync", params={"limit": 1000})).json()["next"]
    response = await post(
        ada, {"title": "a", "subtasks": [{"title": "b", "subtasks": [{"title": "c", "tags": ["home"]}]}]}
    )

    page = (await ada.client.get("/sync", params={"limit": 1, "since": token})).json()
    undone = await undo(ada, response)

    assert [item["data"]["title"] for item in page["items"] if item["type"] == "task"] == ["a", "b", "c"]
    assert undone.status_code == 200, undone.text
    assert await tree_of(ada) == ""
    assert (await ada.client.get("/tags")).json() == []
    assert (await undo(ada, undone)).status_code == 200
    assert await tree_of(ada) == "a(b(c))"


@pytest.mark.spec("SUB-047")
async def test_trees_of_any_size_are_one_statement(recorded_app: RecordedApp, ada: Person) -> None:
    keyed: Json = {"title": "a", "external_id": "old-1", "subtasks": [{"title": "b"}]}
    numbers = []
    async with make_client(recorded_app.app, headers={"Authorization": ada.client.headers["Authorization"]}) as client:
        await client.post("/tasks", json=keyed)  # The first request opens the connection.
        for body in (
            *(nested(2), {"title": "a", "subtasks": [{"title": "b"}] * 900}, nested(10)),
            *({**keyed, "external_id": "old-2"}, {**nested(10), "external_id": "old-3"}),
        ):
            recorded_app.statements.clear()
            assert (await client.post("/tasks", json=body)).status_code == 201
            numbers.append(len(recorded_app.statements))

    *independent, two, ten = numbers
    assert independent == [1, 1, 1]
    assert two == ten

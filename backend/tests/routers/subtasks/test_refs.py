"""Items of a bulk write name tasks that the same request creates."""

import asyncpg
import pytest

from tests.routers.projects.support import list_tasks, read, undo
from tests.routers.subtasks.support import assert_sound, make_chain, tree_of
from tests.routers.task_bulk.support import create_item, delete_item, update_item, write_bulk, write_items
from tests.support import Json, Make, Person, RecordedApp, assert_error, make_client


def new(title: str, ref: str | None = None, below: str | None = None, **fields: object) -> Json:
    """Return an item that creates a task, with a ref and below an item with another one."""
    names = {"ref": ref, "parent_ref": below}
    return create_item(title, **fields) | {name: value for name, value in names.items() if value is not None}


@pytest.mark.spec("SUB-050")
async def test_items_name_the_parents_that_the_request_creates(ada: Person) -> None:
    items = [new("a", "1"), new("b", "2", "1"), new("c", below="2"), new("x"), new("d", below="1"), new("e", below="2")]

    results = await write_items(ada, *items)

    tasks = {task["title"]: task for task in await list_tasks(ada)}
    assert await tree_of(ada) == "a(b(c e) d) x"
    assert [result["status"] for result in results] == [201] * 6
    assert [result["task"]["id"] for result in results] == [tasks[item["task"]["title"]]["id"] for item in items]
    assert "ref" not in results[0]["task"]


@pytest.mark.spec("SUB-050")
async def test_subtasks_of_refs_are_where_their_parents_are(
    ada: Person, project: Json, make_task: Make, connection: asyncpg.Connection
) -> None:
    parent = await make_task(ada, title="p", project_id=project["id"])

    await write_items(ada, new("a", "1", parent_id=parent["id"]), new("b", below="1"), new("c", below="1"))

    assert await tree_of(ada, project=project["id"]) == "p(a(b c))"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-050")
async def test_item_with_a_ref_can_have_subtasks_in_its_body(ada: Person) -> None:
    body = [{"title": "b", "subtasks": [{"title": "c"}]}]

    results = await write_items(ada, new("a", "1", subtasks=body), new("d", below="1", subtasks=[{"title": "e"}]))

    assert await tree_of(ada) == "a(b(c) d(e))" or await tree_of(ada) == "a(d(e) b(c))"
    assert [result["task"]["title"] for result in results] == ["a", "d"]


@pytest.mark.spec("SUB-051")
@pytest.mark.parametrize(
    ("items", "field", "code"),
    [
        ([new("a"), new("b", below="1")], "items.1.parent_ref", "REF_NOT_FOUND"),
        ([new("b", below="1"), new("a", "1")], "items.0.parent_ref", "REF_NOT_FOUND"),
        ([new("a", "1", "1")], "items.0.parent_ref", "REF_NOT_FOUND"),
        ([new("a", "1"), new("b", "1")], "items.1.ref", "DUPLICATE_REF"),
        ([new("a", "1"), new("b", below="1", parent_id=7)], "items.1.parent_ref", "CONFLICTING_PARENTS"),
        ([new("a", "")], "items.0.ref", "INVALID_REF"),
        ([new("a", "x" * 101)], "items.0.ref", "INVALID_REF"),
        ([new("a", "1"), new("b", below="1", project_id=7)], "items.1.task.project_id", "SUBTASK_FOLLOWS_PARENT"),
    ],
)
async def test_refs_that_name_nothing_are_rejected(ada: Person, items: list[Json], field: str, code: str) -> None:
    response = await write_bulk(ada, *items)

    assert_error(response, 400, code)
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert await tree_of(ada) == ""


@pytest.mark.spec("SUB-051")
async def test_refs_are_texts_of_items_that_create(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    assert_error(await write_bulk(ada, create_item() | {"ref": 7}), 422, "VALIDATION_ERROR")
    assert_error(await write_bulk(ada, update_item(task, title="x") | {"ref": "1"}), 422, "UNKNOWN_FIELD")
    assert_error(await write_bulk(ada, delete_item(task) | {"parent_ref": "1"}), 422, "UNKNOWN_FIELD")
    assert (await write_bulk(ada, create_item() | {"ref": None, "parent_ref": None})).status_code == 200
    assert (await write_bulk(ada, new("a", "x" * 100), new("b", below="x" * 100))).status_code == 200


@pytest.mark.spec("SUB-052")
async def test_item_whose_parent_failed_fails_too(ada: Person) -> None:
    items = [new("", "1"), new("b", "2", "1"), new("c", below="2"), new("d", "3", tags=[987654]), new("e", below="3")]
    items += [new("f", "4"), new("g", below="4"), new("h", "4"), new("i", below="4")]

    results = await write_items(ada, *items)

    assert [result["status"] for result in results] == [400, 404, 404, 404, 404, 201, 201, 400, 201]
    assert [result["error"]["code"] for result in results if result["error"]] == [
        *("INVALID_TITLE", "PARENT_NOT_FOUND", "PARENT_NOT_FOUND"),
        *("TAG_NOT_FOUND", "PARENT_NOT_FOUND", "DUPLICATE_REF"),
    ]
    assert results[1]["error"]["errors"][0]["field"] == "parent_ref"
    assert await tree_of(ada) == "f(g i)"


@pytest.mark.spec("SUB-052")
@pytest.mark.parametrize("fault", [{"title": ""}, {"title": "b", "tags": [987654]}, {"title": "b", "project_id": 7}])
async def test_item_fails_with_a_subtask_in_its_body(ada: Person, fault: Json) -> None:
    tree = [{"title": "c", "subtasks": [fault]}, {"title": "d"}]

    failed, below, other = await write_items(ada, new("a", "1", subtasks=tree), new("e", below="1"), new("f"))

    assert failed["error"]["errors"][0]["field"].startswith("task.subtasks.0.subtasks.0.")
    assert (below["error"]["code"], other["status"]) == ("PARENT_NOT_FOUND", 201)
    assert await tree_of(ada) == "f"


@pytest.mark.spec("SUB-052")
async def test_atomic_request_writes_nothing_and_names_the_cause_first(ada: Person) -> None:
    response = await write_bulk(ada, new("a", "1", priority="urgent"), new("b", below="1"))

    assert_error(response, 400, "INVALID_PRIORITY")
    assert [error["field"] for error in response.json()["errors"]] == ["items.0.task.priority", "items.1.parent_ref"]
    assert await tree_of(ada) == ""


@pytest.mark.spec("SUB-053")
async def test_ref_of_an_existing_task_names_that_task(ada: Person, project: Json, make_task: Make) -> None:
    await make_task(ada, title="a", external_id="old-1", project_id=project["id"])
    items = [new("a", "1", external_id="old-1"), new("b", "2", "1", external_id="old-2"), new("c", below="2")]

    first = await write_items(ada, *items)
    second = await write_items(ada, *items[:2])

    assert [result["status"] for result in first] == [200, 201, 201]
    assert [result["status"] for result in second] == [200, 200]
    assert await tree_of(ada, project=project["id"]) == "a(b(c))"


@pytest.mark.spec("SUB-053")
async def test_two_items_with_one_external_id_are_one_parent(ada: Person) -> None:
    items = [new("a", "1", external_id="old-1"), new("x", "2", external_id="old-1"), new("b", below="2")]

    results = await write_items(ada, *items)

    assert [result["status"] for result in results] == [201, 200, 201]
    assert await tree_of(ada) == "a(b)"


@pytest.mark.spec("SUB-053")
async def test_existing_parent_that_the_request_moves_or_deletes(ada: Person, make_task: Make) -> None:
    known = await make_task(ada, title="k", external_id="old-1")
    chain = await make_chain(make_task, ada, "ab")

    await write_items(
        ada, update_item(known, parent_id=chain[1]["id"]), new("k", "1", external_id="old-1"), new("c", below="1")
    )
    assert await tree_of(ada) == "a(b(k(c)))"
    results = await write_items(ada, delete_item(chain[0]), new("k", "1", external_id="old-1"), new("d", below="1"))

    assert [result["status"] for result in results] == [204, 201, 201]
    assert await tree_of(ada) == "k(d)"


@pytest.mark.spec("SUB-054")
async def test_refs_end_at_the_tenth_level(ada: Person, make_task: Make, connection: asyncpg.Connection) -> None:
    top = (await make_chain(make_task, ada, "xyz"))[-1]
    items = [new("1", "1", parent_id=top["id"])]
    items += [new(f"{number}", f"{number}", f"{number - 1}") for number in range(2, 10)]

    results = await write_items(ada, *items)

    assert [result["status"] for result in results] == [201] * 7 + [400, 404]
    assert results[7]["error"]["code"] == "SUBTASKS_TOO_DEEP"
    assert results[7]["error"]["errors"][0]["field"] == "parent_ref"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-054")
async def test_subtasks_in_bodies_count_as_items(ada: Person) -> None:
    items = [new("a", subtasks=[{"title": "b"}] * 500) for _ in range(2)]

    assert_error(await write_bulk(ada, *items), 400, "TOO_MANY_SUBTASKS")
    assert (await write_bulk(ada, items[0], new("c", subtasks=[{"title": "d"}] * 498))).status_code == 200
    assert (await read(ada, "/tasks"))["total"] == 1000


@pytest.mark.spec("SUB-055")
async def test_tree_of_refs_is_one_batch(ada: Person) -> None:
    response = await write_bulk(ada, new("a", "1"), new("b", "2", "1", tags=["home"]), new("c", below="2"))

    undone = await undo(ada, response)

    assert undone.status_code == 200, undone.text
    assert await tree_of(ada) == ""
    assert (await undo(ada, undone)).status_code == 200
    assert await tree_of(ada) == "a(b(c))"


@pytest.mark.spec("SUB-056")
async def test_number_of_statements_does_not_depend_on_refs(recorded_app: RecordedApp, ada: Person) -> None:
    chains = [
        [new("a", tags=["x"])],
        [new("a", "1"), new("b", below="1")],
        *([new("a", "1"), *(new("b", below="1", tags=["x"]) for _ in range(number))] for number in (1, 900)),
        [new("a", "1"), new("b", "2", "1"), new("c", "3", "2"), *(new("d", below="3") for _ in range(900))],
        [new("a") for _ in range(900)],
    ]
    numbers = []
    async with make_client(recorded_app.app, headers={"Authorization": ada.client.headers["Authorization"]}) as client:
        for items in chains:
            recorded_app.statements.clear()
            assert (await client.post("/tasks/bulk", json={"items": items})).status_code == 200
            numbers.append(len(recorded_app.statements))

    # The first request opens the connection and creates the tag.
    _, two, tagged, many_tagged, four, one = numbers
    assert one == two == four
    assert many_tagged == tagged

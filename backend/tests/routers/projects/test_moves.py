"""Tasks, projects and sections are moved, and have a total order."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import asyncpg
import pytest
from httpx import AsyncClient, Response

from tests.routers.changes.copies import Copy
from tests.routers.changes.support import read_log
from tests.routers.projects.support import MakeSection, list_tasks, read, titles_of, undo
from tests.support import Json, Make, Person, assert_error
from todo.domain.projects.position import POSITION_MAX
from todo.services.shared.positions import WINDOW

FILLING = 275
"""More moves than the gap after one task has room for."""
COUNT_OF_BATCHES = "SELECT batch, count(*) AS number FROM changes WHERE user_id = $1 GROUP BY batch"
SIBLING_NOT_FOUND = (404, "SIBLING_NOT_FOUND")


async def move(owner: Person, resource: Json, path: str = "tasks", **place: object) -> Response:
    return await owner.client.post(f"/{path}/{resource['id']}/move", json=place)


async def make_four(owner: Person, kind: str) -> tuple[str, list[Json]]:
    """Create the resources a, b, c and d; return the path of their list, and them."""
    if kind == "tasks":
        created = [await owner.client.post("/tasks", json={"title": name}) for name in "abcd"]
        return "/tasks?sort=position", [response.json() for response in created]
    path = "/projects"
    if kind == "sections":
        path += f"/{(await owner.client.post(path, json={'name': 'Garden'})).json()['id']}/sections"
    created = [await owner.client.post(path, json={"name": name}) for name in "abcd"]
    return path, [response.json() for response in created]


@pytest.fixture
async def tasks(ada: Person, make_task: Make) -> list[Json]:
    """Return the tasks a, b, c and d of the inbox."""
    return [await make_task(ada, title=title) for title in "abcd"]


@pytest.mark.spec("ORD-001")
@pytest.mark.parametrize(
    ("moved", "place", "expected"),
    [
        (3, {"first": True}, "dabc"),
        (0, {"last": True}, "bcda"),
        (0, {}, "bcda"),
        (3, {"before": 1}, "adbc"),
        (0, {"after": 1}, "bacd"),
        (1, {"after": 3}, "acdb"),
        (2, {"before": 0}, "cabd"),
        (1, {"after": 0}, "abcd"),
        (1, {"before": 2}, "abcd"),
        (0, {"first": True}, "abcd"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["tasks", "projects", "sections"])
async def test_resource_is_moved_to_a_place(ada: Person, kind: str, moved: int, place: Json, expected: str) -> None:
    path, resources = await make_four(ada, kind)
    sent = {name: resources[value]["id"] if name in ("before", "after") else value for name, value in place.items()}

    response = await move(ada, resources[moved], kind, **sent)

    assert response.status_code == 200, response.text
    listed = (await ada.client.get(path)).json()
    rows = listed["items"] if kind == "tasks" else listed
    assert "".join(row.get("title") or row["name"] for row in rows) == expected
    assert [row["position"] for row in rows] == sorted(row["position"] for row in rows)
    assert response.json() == next(row for row in rows if row["id"] == resources[moved]["id"])
    assert (response.json()["version"] == 1) == (expected == "abcd") == ("Change-Seq" not in response.headers)


@pytest.mark.spec("ORD-002")
async def test_task_moves_into_a_project_and_a_section(
    ada: Person, project: Json, section: Json, tasks: list[Json], make_task: Make
) -> None:
    inside = await make_task(ada, title="x", section_id=section["id"])

    to_section = await move(ada, tasks[0], section_id=section["id"], first=True)
    to_sibling = await move(ada, tasks[1], after=inside["id"])
    to_project = await move(ada, tasks[2], project_id=project["id"])

    assert (to_section.json()["project_id"], to_section.json()["section_id"]) == (project["id"], section["id"])
    assert to_sibling.json()["section_id"] == section["id"]
    assert (to_project.json()["project_id"], to_project.json()["section_id"]) == (project["id"], None)
    assert await titles_of(ada, section=section["id"]) == ["a", "x", "b"]
    await move(ada, tasks[0], project_id=None, before=tasks[3]["id"])
    assert await titles_of(ada, project="none") == ["a", "d"]


@pytest.mark.spec("ORD-002")
async def test_task_that_moves_into_an_archived_project_leaves_the_lists(
    ada: Person, project: Json, tasks: list[Json]
) -> None:
    await ada.client.patch(f"/projects/{project['id']}", json={"archived": True})

    await move(ada, tasks[0], project_id=project["id"])

    assert await titles_of(ada) == ["b", "c", "d"]


@pytest.mark.spec("ORD-004")
async def test_unknown_sibling_is_a_404(
    ada: Person, bob: Person, project: Json, tasks: list[Json], make_task: Make
) -> None:
    foreign = await make_task(bob)

    for place in (
        {"before": foreign["id"]},
        {"after": 999_999_999},
        {"before": 0},
        {"after": tasks[0]["id"]},
        {"project_id": project["id"], "after": tasks[1]["id"]},
    ):
        assert_error(await move(ada, tasks[0], **place), *SIBLING_NOT_FOUND)
    assert_error(await move(ada, tasks[0], project_id=999_999_999), 404, "PROJECT_NOT_FOUND")
    assert_error(await move(ada, tasks[0], section_id=999_999_999), 404, "SECTION_NOT_FOUND")
    assert_error(await move(bob, tasks[0], first=True), 404, "TASK_NOT_FOUND")
    assert await titles_of(ada) == ["a", "b", "c", "d"]


@pytest.mark.spec("ORD-004")
async def test_sibling_in_another_project_is_a_404(
    ada: Person, project: Json, section: Json, make_project: Make, make_section: MakeSection
) -> None:
    elsewhere = await make_section(ada, await make_project(ada))

    assert_error(await move(ada, section, "sections", after=elsewhere["id"]), *SIBLING_NOT_FOUND)
    assert_error(await move(ada, project, "projects", after=project["id"]), *SIBLING_NOT_FOUND)


@pytest.mark.spec("ORD-004")
async def test_two_places_are_a_400(ada: Person, tasks: list[Json]) -> None:
    other = tasks[1]["id"]
    for place in ({"before": other, "after": other}, {"first": True, "last": True}, {"after": 0, "first": True}):
        assert_error(await move(ada, tasks[0], **place), 400, "CONFLICTING_PLACES")
    for place in ({"position": "i0"}, {"first": "yes"}, {"before": "1"}, {"place": 1}):
        assert (await move(ada, tasks[0], **place)).status_code == 422


@pytest.mark.spec("ORD-005")
async def test_move_is_logged_synced_and_undone(ada: Person, tasks: list[Json], connection: asyncpg.Connection) -> None:
    copy = Copy()
    await copy.update(ada)

    response = await move(ada, tasks[3], first=True)

    [*_, change] = await read_log(connection, ada)
    assert (change["before"], change["after"]) == (
        {"position": tasks[3]["position"]},
        {"position": response.json()["position"]},
    )
    await copy.update(ada)
    assert copy.resources["task"] == {task["id"]: task for task in await list_tasks(ada)}
    undone = await undo(ada, response)
    assert undone.status_code == 200, undone.text
    assert await titles_of(ada) == ["a", "b", "c", "d"]
    assert (await undo(ada, undone)).status_code == 200
    assert await titles_of(ada) == ["d", "a", "b", "c"]


@pytest.mark.spec("ORD-005")
async def test_move_takes_if_match_and_change_base(ada: Person, tasks: list[Json]) -> None:
    path = f"/tasks/{tasks[0]['id']}/move"
    first = await ada.client.post(path, json={"last": True}, headers={"If-Match": '"1"'})
    base = {"Change-Base": str(int(first.headers["Change-Seq"]) - 1)}

    stale = await ada.client.post(path, json={"first": True}, headers={"If-Match": '"1"'})
    late = await ada.client.post(path, json={"first": True}, headers=base)
    other = await ada.client.patch(f"/tasks/{tasks[0]['id']}", json={"completed": True}, headers=base)

    assert_error(stale, 412, "PRECONDITION_FAILED")
    assert_error(late, 409, "FIELD_CONFLICT")
    assert [error["field"] for error in late.json()["errors"]] == ["position"]
    assert other.status_code == 200


@pytest.mark.spec("ORD-006")
async def test_two_moves_at_once_into_one_gap_leave_a_total_order(
    ada: Person, elsewhere: AsyncClient, tasks: list[Json]
) -> None:
    a, b, c, d = tasks
    other = replace(ada, client=elsewhere)

    for _ in range(10):
        responses = await asyncio.gather(move(ada, c, after=a["id"]), move(other, d, after=a["id"]))

        assert [response.status_code for response in responses] == [200, 200]
        listed = await list_tasks(ada)
        assert all(low["position"] < high["position"] for low, high in pairwise(listed))
        assert (listed[0]["id"], listed[3]["id"]) == (a["id"], b["id"])


@pytest.mark.spec("ORD-006")
async def test_new_tasks_come_after_moved_ones(ada: Person, tasks: list[Json], make_task: Make) -> None:
    for _ in range(3):
        for task in tasks:
            await move(ada, task, last=True)

    await make_task(ada, title="e")

    assert await titles_of(ada) == ["a", "b", "c", "d", "e"]


@pytest.mark.timeout(120)
@pytest.mark.spec("ORD-007")
async def test_full_gap_gives_neighbours_new_keys(
    ada: Person, project: Json, make_task: Make, connection: asyncpg.Connection
) -> None:
    items = [{"action": "create", "task": {"title": f"{number}"}} for number in range(FILLING)]
    response = await ada.client.post("/tasks/bulk", json={"items": items})
    created = [result["task"] for result in response.json()["results"]]
    ends = [await make_task(ada, project_id=project["id"]) for _ in range(2)]

    for task in created:
        response = await move(ada, task, after=ends[0]["id"])
        assert response.status_code == 200, response.text

    copy = Copy()
    await copy.update(ada)
    inside = [task for task in copy.resources["task"].values() if task["project_id"] == project["id"]]
    inside.sort(key=lambda task: (task["position"], task["id"]))
    assert [task["id"] for task in inside] == [
        ends[0]["id"],
        *(task["id"] for task in reversed(created)),
        ends[1]["id"],
    ]
    assert max(len(task["position"]) for task in inside) <= POSITION_MAX
    sizes = [row["number"] for row in await connection.fetch(COUNT_OF_BATCHES, ada.id)]
    assert [size for size in sizes if size not in (1, FILLING)] == [WINDOW + 2]
    # The last move did not fill the gap. An undo reverts it.
    assert (await undo(ada, response)).status_code == 200


@pytest.mark.spec("ORD-008")
async def test_pages_in_the_order_of_positions_have_each_task_once(ada: Person, tasks: list[Json]) -> None:
    await move(ada, tasks[3], before=tasks[1]["id"])
    seen: list[str] = []
    cursor = ""

    while True:
        parameters: dict[str, str | int] = {"sort": "-position", "limit": 1, "cursor": cursor}
        page = await ada.client.get("/tasks", params=parameters)
        seen += [task["title"] for task in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break

    assert seen == ["c", "b", "d", "a"]
    assert [task["title"] for task in (await read(ada, "/tasks?sort=position&limit=2&page=2"))["items"]] == ["b", "c"]

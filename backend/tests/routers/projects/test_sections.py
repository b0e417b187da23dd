"""Sections are parts of projects, and tasks are in them."""

import asyncpg
import pytest
from fastapi import FastAPI

from tests.routers.changes.copies import Copy
from tests.routers.changes.support import read_log
from tests.routers.projects.support import MakeSection, list_tasks, read, read_trash, titles_of, undo
from tests.routers.task_bulk.support import create_item, update_item, write_bulk
from tests.support import Json, Make, MakeApp, MakeToken, Person, assert_error, authorize, make_client

NOT_FOUND = (404, "SECTION_NOT_FOUND", "Section not found")


def without_version(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name not in ("version", "updated_at")}


@pytest.fixture
async def other(ada: Person, make_project: Make) -> Json:
    """Return another project of Ada."""
    return await make_project(ada, name="Home")


@pytest.mark.spec("PRJ-030", "PRJ-031")
async def test_new_sections_come_last_in_their_project(
    ada: Person, project: Json, other: Json, make_section: MakeSection
) -> None:
    sections = [await make_section(ada, project, name=name) for name in (" b ", "a", "b")]
    await make_section(ada, other)

    listed = (await ada.client.get(f"/projects/{project['id']}/sections")).json()

    assert listed == sections
    assert [(section["name"], section["project_id"]) for section in listed] == [
        (name, project["id"]) for name in ("b", "a", "b")
    ]
    assert await read(ada, f"/sections/{sections[0]['id']}") == sections[0]


@pytest.mark.spec("PRJ-030")
@pytest.mark.parametrize("name", ["", " ", "x" * 101])
async def test_invalid_name_is_a_400(ada: Person, project: Json, name: str) -> None:
    response = await ada.client.post(f"/projects/{project['id']}/sections", json={"name": name})

    assert_error(response, 400, "INVALID_SECTION_NAME")


@pytest.mark.spec("PRJ-030")
async def test_second_create_with_an_external_id_returns_the_section(
    ada: Person, project: Json, make_section: MakeSection
) -> None:
    section = await make_section(ada, project, external_id="a")

    response = await ada.client.post(f"/projects/{project['id']}/sections", json={"name": "Other", "external_id": "a"})

    assert (response.status_code, response.json()) == (200, section)


@pytest.mark.spec("PRJ-031", "PRJ-032")
async def test_section_and_project_of_another_user_are_unknown(
    ada: Person, bob: Person, project: Json, section: Json
) -> None:
    path = f"/projects/{project['id']}/sections"
    for response in [await bob.client.get(path), await bob.client.post(path, json={"name": "Mine"})]:
        assert_error(response, 404, "PROJECT_NOT_FOUND")
    path = f"/sections/{section['id']}"
    for response in [
        await bob.client.get(path),
        await bob.client.patch(path, json={"name": "Mine"}),
        await bob.client.delete(path),
        await bob.client.get(f"{path}/changes"),
    ]:
        assert_error(response, *NOT_FOUND)
    assert (await ada.client.get(f"/projects/{project['id']}/sections")).json() == [section]


@pytest.mark.spec("PRJ-032")
async def test_change_of_a_section_is_logged_synced_exported_and_undone(
    ada: Person, section: Json, connection: asyncpg.Connection
) -> None:
    copy, path = Copy(), f"/sections/{section['id']}"
    await copy.update(ada)

    response = await ada.client.patch(path, json=section | {"name": "Waiting"}, headers={"If-Match": '"1"'})

    changed = response.json()
    assert (changed["name"], response.headers["ETag"]) == ("Waiting", '"2"')
    [*_, change] = await read_log(connection, ada)
    assert (change["type"], change["before"], change["after"]) == ("section", {"name": "Next"}, {"name": "Waiting"})
    await copy.update(ada)
    assert copy.resources["section"] == {section["id"]: changed}
    assert (await read(ada, "/auth/me/export"))["sections"] == [changed]
    assert len((await read(ada, f"{path}/changes"))["items"]) == 2
    assert_error(
        await ada.client.patch(path, json={"name": "x"}, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED"
    )
    base = {"Change-Base": str(int(response.headers["Change-Seq"]) - 1)}
    assert_error(await ada.client.patch(path, json={"name": "x"}, headers=base), 409, "FIELD_CONFLICT")
    undone = await undo(ada, response)
    assert undone.status_code == 200, undone.text
    assert without_version(await read(ada, path)) == without_version(section)


@pytest.mark.spec("PRJ-032")
async def test_token_needs_the_scopes_of_projects(
    ada: Person, project: Json, section: Json, make_token: MakeToken
) -> None:
    headers = authorize((await make_token(ada, "projects:read"))["token"])

    assert (await ada.client.get(f"/sections/{section['id']}", headers=headers)).json() == section
    response = await ada.client.post(f"/projects/{project['id']}/sections", json={"name": "x"}, headers=headers)
    assert_error(response, 403, "INSUFFICIENT_SCOPE")


@pytest.mark.spec("PRJ-033")
async def test_number_of_sections_of_a_project_is_limited(
    make_app: MakeApp, ada: Person, project: Json, other: Json
) -> None:
    app: FastAPI = await make_app(max_sections_per_project=1)
    async with make_client(app, headers=ada.client.headers) as client:
        statuses = [
            await client.post(f"/projects/{project_id}/sections", json={"name": "x"})
            for project_id in (project["id"], other["id"], project["id"])
        ]

    assert [response.status_code for response in statuses] == [201, 201, 400]
    assert_error(statuses[2], 400, "TOO_MANY_SECTIONS")


@pytest.mark.spec("PRJ-034")
@pytest.mark.parametrize("names_project", [True, False])
async def test_task_is_created_in_a_section(
    ada: Person, project: Json, section: Json, make_task: Make, names_project: bool
) -> None:
    fields: Json = {"project_id": project["id"]} if names_project else {}

    task = await make_task(ada, section_id=section["id"], **fields)

    assert (task["project_id"], task["section_id"]) == (project["id"], section["id"])
    assert await read(ada, f"/tasks/{task['id']}") == task


@pytest.mark.spec("PRJ-034")
async def test_task_comes_into_a_section_after_its_other_tasks(
    ada: Person, project: Json, section: Json, make_task: Make
) -> None:
    task = await make_task(ada, title="first")
    await make_task(ada, title="second", section_id=section["id"])

    response = await ada.client.patch(f"/tasks/{task['id']}", json={"section_id": section["id"]})

    assert (response.json()["project_id"], response.json()["section_id"]) == (project["id"], section["id"])
    assert await titles_of(ada, section=section["id"]) == ["second", "first"]


@pytest.mark.spec("PRJ-034")
async def test_section_that_is_unknown_or_in_another_project_is_a_404(
    ada: Person, bob: Person, other: Json, section: Json, make_project: Make, make_section: MakeSection, make_task: Make
) -> None:
    foreign = await make_section(bob, await make_project(bob))
    task = await make_task(ada)

    for fields in (
        {"section_id": foreign["id"]},
        {"section_id": 999_999_999},
        {"section_id": 0},
        {"section_id": section["id"], "project_id": other["id"]},
    ):
        for response in [
            await ada.client.post("/tasks", json={"title": "x"} | fields),
            await ada.client.patch(f"/tasks/{task['id']}", json=fields),
        ]:
            assert_error(response, *NOT_FOUND)
    assert await list_tasks(ada) == [task]


@pytest.mark.spec("PRJ-034")
async def test_bulk_writes_tasks_of_sections(ada: Person, other: Json, section: Json, make_task: Make) -> None:
    task = await make_task(ada, title="moved")

    response = await write_bulk(
        ada,
        create_item("new", section_id=section["id"]),
        update_item(task, section_id=section["id"]),
        create_item("lost", section_id=section["id"], project_id=other["id"]),
        atomic=False,
    )

    results = response.json()["results"]
    assert [result["status"] for result in results] == [201, 200, 404]
    assert results[2]["error"]["errors"][0] == {
        "field": "task.section_id",
        "detail": "Section not found",
        "code": "SECTION_NOT_FOUND",
    }
    assert {task["title"] for task in await list_tasks(ada, section=section["id"])} == {"new", "moved"}


@pytest.mark.spec("PRJ-035")
async def test_task_leaves_its_section_with_its_project(
    ada: Person, project: Json, other: Json, section: Json, make_task: Make
) -> None:
    task = await make_task(ada, section_id=section["id"])
    path = f"/tasks/{task['id']}"

    async def patch(**fields: object) -> tuple[int | None, int | None]:
        changed = (await ada.client.patch(path, json=fields)).json()
        return changed["project_id"], changed["section_id"]

    assert await patch(project_id=project["id"]) == (project["id"], section["id"])
    assert await patch(section_id=None) == (project["id"], None)
    assert await patch(section_id=section["id"]) == (project["id"], section["id"])
    assert await patch(project_id=other["id"]) == (other["id"], None)
    assert await patch(section_id=section["id"]) == (project["id"], section["id"])
    response = await ada.client.patch(path, json={"project_id": None})
    assert response.json()["section_id"] is None
    assert (await undo(ada, response)).status_code == 200
    shown = await read(ada, path)
    assert (shown["project_id"], shown["section_id"]) == (project["id"], section["id"])


@pytest.mark.spec("PRJ-036")
async def test_list_is_filtered_by_section(
    ada: Person, project: Json, other: Json, section: Json, make_section: MakeSection, make_task: Make
) -> None:
    same_name = await make_section(ada, other, name=section["name"])
    for title, fields in {
        "a": {"section_id": section["id"]},
        "b": {"section_id": same_name["id"]},
        "c": {"project_id": project["id"]},
        "d": {},
    }.items():
        await make_task(ada, title=title, **fields)

    assert await titles_of(ada, section=section["id"]) == ["a"]
    assert await titles_of(ada, section=section["name"]) == ["a", "b"]
    assert await titles_of(ada, section="none", project=project["id"]) == ["c"]
    assert await titles_of(ada, section="none") == ["c", "d"]
    assert await titles_of(ada, section="Unknown") == []


@pytest.mark.spec("PRJ-040")
@pytest.mark.parametrize(
    ("query", "left", "contains"), [({}, ["a", "b"], {}), ({"children": "delete"}, ["b"], {"task": 1})]
)
async def test_section_is_deleted_and_comes_back(
    ada: Person, project: Json, section: Json, make_task: Make, query: Json, left: list[str], contains: Json
) -> None:
    tasks = [
        await make_task(ada, title="a", section_id=section["id"]),
        await make_task(ada, title="b", project_id=project["id"]),
    ]

    response = await ada.client.delete(f"/sections/{section['id']}", params=query)

    assert response.status_code == 204
    assert await titles_of(ada, project=project["id"]) == left
    assert await titles_of(ada, section="none") == left
    [entry] = await read_trash(ada)
    assert (entry["type"], entry["name"], entry["contains"]) == ("section", "Next", contains)
    undone = await undo(ada, response)
    assert undone.status_code == 200, undone.text
    assert [without_version(task) for task in await list_tasks(ada)] == [without_version(task) for task in tasks]
    assert without_version(await read(ada, f"/sections/{section['id']}")) == without_version(section)


@pytest.mark.spec("PRJ-041")
@pytest.mark.parametrize("children", ["delete", "keep"])
async def test_sections_are_deleted_and_restored_with_their_project(
    ada: Person, project: Json, section: Json, make_task: Make, children: str
) -> None:
    task = await make_task(ada, section_id=section["id"])

    response = await ada.client.delete(f"/projects/{project['id']}", params={"children": children})

    [entry] = await read_trash(ada)
    assert entry["contains"] == ({"section": 1, "task": 1} if children == "delete" else {"section": 1})
    undone = await undo(ada, response)
    assert undone.status_code == 200, undone.text
    assert [without_version(found) for found in await list_tasks(ada)] == [without_version(task)]


@pytest.mark.spec("PRJ-042")
async def test_task_whose_section_is_gone_is_restored_into_the_project(
    ada: Person, project: Json, section: Json, make_task: Make
) -> None:
    task = await make_task(ada, section_id=section["id"])
    deletion = await ada.client.delete(f"/tasks/{task['id']}")
    await ada.client.delete(f"/sections/{section['id']}")

    response = await ada.client.post(f"/trash/{deletion.headers['Change-Seq']}/restore")

    assert response.json()["left_out"] == [f"section.{section['id']}"]
    restored = await read(ada, f"/tasks/{task['id']}")
    assert (restored["project_id"], restored["section_id"]) == (project["id"], None)


@pytest.mark.spec("PRJ-042")
async def test_section_whose_project_is_gone_is_not_restored(ada: Person, project: Json, section: Json) -> None:
    deletion = await ada.client.delete(f"/sections/{section['id']}")
    await ada.client.delete(f"/projects/{project['id']}")

    response = await ada.client.post(f"/trash/{deletion.headers['Change-Seq']}/restore")

    assert_error(response, 409, "PROJECT_GONE")


@pytest.mark.spec("PRJ-040")
async def test_forced_undo_never_leaves_a_task_in_a_section_of_another_project(
    ada: Person, other: Json, section: Json, make_section: MakeSection, make_task: Make
) -> None:
    task = await make_task(ada, section_id=section["id"])
    response = await ada.client.patch(f"/tasks/{task['id']}", json={"section_id": None})
    elsewhere = await make_section(ada, other)
    await ada.client.patch(f"/tasks/{task['id']}", json={"section_id": elsewhere["id"]})

    refused = await undo(ada, response)
    forced = await undo(ada, response, force=True)

    assert_error(refused, 409, "UNDO_CONFLICT")
    assert forced.status_code == 200, forced.text
    shown = await read(ada, f"/tasks/{task['id']}")
    assert (shown["project_id"], shown["section_id"]) == (other["id"], None)

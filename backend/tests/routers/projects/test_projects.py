"""Projects are created, read, listed, changed and limited."""

import asyncio
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI

from tests.routers.changes.copies import Copy
from tests.routers.changes.support import read_log
from tests.routers.projects.support import read, undo
from tests.support import Json, Make, MakeApp, MakeToken, Person, assert_error, authorize, make_client

NOT_FOUND = (404, "PROJECT_NOT_FOUND", "Project not found")


async def names_of(owner: Person, **query: Any) -> list[str]:
    response = await owner.client.get("/projects", params=query)
    assert response.status_code == 200, response.text
    return [project["name"] for project in response.json()]


@pytest.mark.spec("PRJ-001")
async def test_new_project_has_the_sent_fields(ada: Person) -> None:
    response = await ada.client.post("/projects", json={"name": " Garden ", "color": "#2E8B57"})

    assert response.status_code == 201
    project = response.json()
    assert response.headers["Location"].endswith(f"/projects/{project['id']}")
    assert (response.headers["ETag"], project["version"], project["user_id"]) == ('"1"', 1, str(ada.id))
    assert {name: project[name] for name in ("name", "color", "archived", "external_id")} == {
        "name": "Garden",
        "color": "#2E8B57",
        "archived": False,
        "external_id": None,
    }
    assert project == await read(ada, f"/projects/{project['id']}")


@pytest.mark.spec("PRJ-001")
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": " "}, "INVALID_PROJECT_NAME"),
        ({"name": "x" * 101}, "INVALID_PROJECT_NAME"),
        ({"name": "Garden", "color": "green"}, "INVALID_COLOR"),
        ({"name": "Garden", "external_id": ""}, "INVALID_EXTERNAL_ID"),
    ],
)
async def test_invalid_field_is_a_400(ada: Person, fields: Json, code: str) -> None:
    assert_error(await ada.client.post("/projects", json=fields), 400, code)


@pytest.mark.spec("PRJ-001")
@pytest.mark.parametrize("fields", [{}, {"name": 1}, {"name": "x", "archived": 1}, {"name": "x", "position": "i0"}])
async def test_missing_unknown_and_mistyped_fields_are_a_422(ada: Person, fields: Json) -> None:
    assert (await ada.client.post("/projects", json=fields)).status_code == 422


@pytest.mark.spec("PRJ-002")
async def test_names_need_not_be_unique_and_new_projects_come_last(
    ada: Person, bob: Person, make_project: Make
) -> None:
    for name in ("b", "a", "b"):
        await make_project(ada, name=name)
    await make_project(bob, name="of Bob")

    assert await names_of(ada) == ["b", "a", "b"]


@pytest.mark.spec("PRJ-002")
async def test_list_leaves_archived_projects_out(ada: Person, make_project: Make) -> None:
    await make_project(ada, name="a")
    await make_project(ada, name="b", archived=True)

    assert await names_of(ada) == await names_of(ada, archived="false") == ["a"]
    assert await names_of(ada, archived="true") == ["b"]
    assert await names_of(ada, archived="all") == ["a", "b"]


@pytest.mark.spec("PRJ-003")
async def test_second_create_with_an_external_id_returns_the_project(ada: Person, make_project: Make) -> None:
    project = await make_project(ada, external_id="import-7")

    response = await ada.client.post("/projects", json={"name": "Other", "external_id": "import-7"})

    assert (response.status_code, response.json()) == (200, project)


@pytest.mark.spec("PRJ-003")
async def test_concurrent_creates_with_an_external_id_make_one_project(ada: Person) -> None:
    body = {"name": "Garden", "external_id": "import-7"}

    responses = await asyncio.gather(*(ada.client.post("/projects", json=body) for _ in range(5)))

    assert sorted(response.status_code for response in responses) == [200, 200, 200, 200, 201]
    assert len({response.json()["id"] for response in responses}) == 1


@pytest.mark.spec("PRJ-004")
async def test_patch_changes_the_sent_fields(ada: Person, project: Json, connection: asyncpg.Connection) -> None:
    response = await ada.client.patch(f"/projects/{project['id']}", json={"name": "Yard", "color": "#2E8B57"})

    changed = response.json()
    assert changed == project | {"name": "Yard", "color": "#2E8B57", "version": 2, "updated_at": changed["updated_at"]}
    assert response.headers["ETag"] == '"2"'
    [*_, change] = await read_log(connection, ada)
    assert (change["type"], change["action"], change["id"]) == ("project", "update", project["id"])
    assert (change["before"], change["after"]) == (
        {"name": "Garden", "color": None},
        {"name": "Yard", "color": "#2E8B57"},
    )


@pytest.mark.spec("PRJ-004")
async def test_read_project_can_be_sent_back(ada: Person, project: Json) -> None:
    response = await ada.client.patch(f"/projects/{project['id']}", json=project)

    assert (response.status_code, response.json()) == (200, project)
    assert "Change-Seq" not in response.headers


@pytest.mark.spec("PRJ-004")
async def test_write_with_a_stale_etag_is_a_412(ada: Person, project: Json) -> None:
    path, headers = f"/projects/{project['id']}", {"If-Match": '"1"'}
    await ada.client.patch(path, json={"name": "Yard"}, headers=headers)

    responses = [
        await ada.client.patch(path, json={"name": "Late"}, headers=headers),
        await ada.client.patch(path, json={}, headers=headers),
        await ada.client.delete(path, headers=headers),
    ]

    for response in responses:
        assert_error(response, 412, "PRECONDITION_FAILED")
        assert response.json()["current"]["name"] == "Yard"


@pytest.mark.spec("PRJ-004")
async def test_unchanged_project_is_a_304(ada: Person, project: Json) -> None:
    path = f"/projects/{project['id']}"

    assert (await ada.client.get(path, headers={"If-None-Match": '"1"'})).status_code == 304
    etag = (await ada.client.get("/projects")).headers["ETag"]
    assert (await ada.client.get("/projects", headers={"If-None-Match": etag})).status_code == 304


@pytest.mark.spec("PRJ-004")
async def test_write_on_an_old_base_is_a_conflict(ada: Person, project: Json) -> None:
    path = f"/projects/{project['id']}"
    first = await ada.client.patch(path, json={"name": "Yard"})
    base = {"Change-Base": str(int(first.headers["Change-Seq"]) - 1)}

    assert (await ada.client.patch(path, json={"color": "#2E8B57"}, headers=base)).status_code == 200
    for response in [
        await ada.client.patch(path, json={"name": "Late"}, headers=base),
        await ada.client.delete(path, headers=base),
    ]:
        assert_error(response, 409, "FIELD_CONFLICT")


@pytest.mark.spec("PRJ-004")
async def test_repeated_create_with_an_idempotency_key_makes_one_project(ada: Person) -> None:
    headers = {"Idempotency-Key": "once"}

    first, second = [await ada.client.post("/projects", json={"name": "Once"}, headers=headers) for _ in range(2)]

    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json() == first.json()
    assert await names_of(ada) == ["Once"]


@pytest.mark.spec("PRJ-005")
async def test_project_of_another_user_is_unknown(ada: Person, bob: Person, project: Json) -> None:
    path = f"/projects/{project['id']}"

    for response in [
        await bob.client.get(path),
        await bob.client.patch(path, json={"name": "Mine"}),
        await bob.client.delete(path),
        await bob.client.get(f"{path}/changes"),
        await ada.client.get("/projects/999999999"),
    ]:
        assert_error(response, *NOT_FOUND)


@pytest.mark.spec("PRJ-006")
async def test_number_of_projects_is_limited(make_app: MakeApp, ada: Person) -> None:
    app: FastAPI = await make_app(max_projects=2)
    async with make_client(app, headers=ada.client.headers) as client:
        responses = await asyncio.gather(*(client.post("/projects", json={"name": "x"}) for _ in range(4)))

        refused = [response for response in responses if response.status_code != 201]
        assert len(refused) == 2
        for response in refused:
            assert_error(response, 400, "TOO_MANY_PROJECTS")


@pytest.mark.spec("PRJ-007")
async def test_token_reads_and_writes_projects_with_its_scopes_alone(
    ada: Person, project: Json, make_token: MakeToken
) -> None:
    reader = authorize((await make_token(ada, "projects:read"))["token"])

    assert (await ada.client.get("/projects", headers=reader)).status_code == 200
    response = await ada.client.patch(f"/projects/{project['id']}", json={"name": "Yard"}, headers=reader)
    assert_error(response, 403, "INSUFFICIENT_SCOPE")
    synced = (await ada.client.get("/sync", headers=reader)).json()["items"]
    assert [(item["type"], item["data"]) for item in synced] == [("project", project)]


@pytest.mark.spec("PRJ-008")
async def test_sync_export_and_history_have_the_project(ada: Person, project: Json) -> None:
    copy = Copy()
    await copy.update(ada)
    await ada.client.patch(f"/projects/{project['id']}", json={"archived": True})
    await copy.update(ada)

    shown = await read(ada, f"/projects/{project['id']}")
    assert copy.resources["project"] == {project["id"]: shown}
    assert (await read(ada, "/auth/me/export"))["projects"] == [shown]
    changes = (await read(ada, f"/projects/{project['id']}/changes"))["items"]
    assert [(change["action"], change["fields"]) for change in changes] == [
        ("update", {"archived": {"before": False, "after": True}}),
        ("create", {"name": {"before": None, "after": "Garden"}, "archived": {"before": None, "after": False}}),
    ]


@pytest.mark.spec("PRJ-008")
async def test_change_of_a_project_is_undone_and_redone(ada: Person, project: Json) -> None:
    path = f"/projects/{project['id']}"
    response = await ada.client.patch(path, json={"name": "Yard", "color": "#2E8B57"})

    undone = await undo(ada, response)
    assert (await read(ada, path))["name"] == "Garden"
    redone = await undo(ada, undone)

    assert (undone.status_code, redone.status_code) == (200, 200), redone.text
    assert (await read(ada, path)).items() >= {
        "name": "Yard",
        "color": "#2E8B57",
        "position": project["position"],
    }.items()


@pytest.mark.spec("PRJ-008")
async def test_creation_of_a_project_is_undone(ada: Person) -> None:
    response = await ada.client.post("/projects", json={"name": "Garden"})

    assert (await undo(ada, response)).status_code == 200
    assert await names_of(ada) == []

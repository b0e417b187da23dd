"""An export is imported: into another account, again, and by two clients at once."""

import asyncio

import pytest

from tests.routers.transfer.support import NOTHING, content_of, export_account, import_into, make_document, send
from tests.support import Json, Make, Person, RecordedApp, make_client

ALL = {"tags": 2, "projects": 2, "sections": 1, "tasks": 7, "occurrences": 1}


@pytest.mark.spec("IMP-001")
async def test_imported_export_has_the_same_content(filled_account: Person, bob: Person) -> None:
    document = await export_account(filled_account)

    report = await import_into(bob, document)

    assert (report["created"], report["existing"], report["failed"]) == (ALL, NOTHING, NOTHING)
    assert (report["dry_run"], report["errors"]) == (False, [])
    imported = await export_account(bob)
    assert content_of(imported) == content_of(document)
    found = (await bob.client.get("/tasks", params={"q": "ünï"})).json()
    assert found["total"] == 1


@pytest.mark.spec("IMP-003")
async def test_second_import_changes_nothing(filled_account: Person, bob: Person) -> None:
    document = await export_account(filled_account)
    await import_into(bob, document)
    before = await export_account(bob)

    response = await send(bob, document)

    assert (response.json()["created"], response.json()["existing"]) == (NOTHING, ALL)
    assert "Change-Seq" not in response.headers
    assert await export_account(bob) | {"exported_at": before["exported_at"]} == before


@pytest.mark.spec("IMP-003")
async def test_rows_without_external_id_get_one_from_the_epoch_and_their_id(bob: Person) -> None:
    document = make_document(tasks=[{"id": 42, "title": "One"}, {"id": 43, "title": "Two", "external_id": "x"}])

    await import_into(bob, document)

    tasks = (await export_account(bob))["tasks"]
    assert [task["external_id"] for task in tasks] == [f"{document['epoch']}:42", "x"]


@pytest.mark.spec("IMP-004")
async def test_own_export_adds_only_what_is_missing(filled_account: Person) -> None:
    document = await export_account(filled_account)
    await filled_account.client.delete(f"/tasks/{document['tasks'][0]['id']}")

    report = await import_into(filled_account, document)

    assert report["created"] == NOTHING | {"tasks": 1}
    assert report["existing"] == ALL | {"tasks": 6}
    assert (await import_into(filled_account, document))["existing"] == ALL


@pytest.mark.spec("IMP-005")
async def test_tag_of_the_same_name_is_that_tag(bob: Person, make_tag: Make) -> None:
    own = await make_tag(bob, name="home", color="#000000")
    tags = [{"id": 7, "name": "home", "color": "#FF5733"}, {"id": 8, "name": "new", "color": "#FF5733"}]
    document = make_document(tags=tags, tasks=[{"id": 1, "title": "Water", "tags": [{"id": 7}, 8, "home"]}])

    report = await import_into(bob, document)

    assert (report["created"]["tags"], report["existing"]["tags"]) == (1, 1)
    [task] = (await export_account(bob))["tasks"]
    assert [(tag["name"], tag["color"]) for tag in task["tags"]] == [("home", "#000000"), ("new", "#FF5733")]
    assert task["tags"][0]["id"] == own["id"]


@pytest.mark.spec("IMP-006")
async def test_dry_run_reports_and_changes_nothing(filled_account: Person, bob: Person) -> None:
    document = await export_account(filled_account)
    document["tasks"][3]["title"] = ""

    response = await send(bob, document, dry_run=True)

    report = response.json()
    assert (report["dry_run"], report["created"], report["failed"]["tasks"]) == (True, ALL | {"tasks": 6}, 1)
    assert [error["field"] for error in report["errors"]] == ["tasks.3.title"]
    assert "Change-Seq" not in response.headers
    bobs = await export_account(bob)
    assert [bobs[name] for name in ("tags", "projects", "sections", "tasks")] == [[], [], [], []]


@pytest.mark.spec("IMP-008")
async def test_undo_takes_the_whole_import_back(filled_account: Person, bob: Person, make_task: Make) -> None:
    await make_task(bob, title="Own")
    before = content_of(await export_account(bob))
    response = await send(bob, await export_account(filled_account))

    undone = await bob.client.post(f"/changes/{response.headers['Change-Seq']}/undo", json={})

    assert undone.status_code == 200, undone.text
    assert content_of(await export_account(bob)) == before
    again = await bob.client.post(f"/changes/{undone.headers['Change-Seq']}/undo", json={})
    assert again.status_code == 200, again.text
    assert len((await export_account(bob))["tasks"]) == 8


@pytest.mark.spec("IMP-009")
async def test_two_imports_at_once_write_each_row_once(filled_account: Person, bob: Person) -> None:
    document = await export_account(filled_account)

    reports = await asyncio.gather(*(import_into(bob, document) for _ in range(3)))

    assert sorted(report["created"]["tasks"] for report in reports) == [0, 0, 7]
    assert content_of(await export_account(bob)) == content_of(document)


@pytest.mark.spec("IMP-002")
async def test_new_rows_come_after_existing_ones_in_their_order(bob: Person, make_task: Make) -> None:
    own = await make_task(bob, title="Own")
    await bob.client.post(f"/tasks/{own['id']}/move", json={"last": True})
    rows = [{"id": 1, "title": "Second", "position": "i2"}, {"id": 2, "title": "First", "position": "i1"}]

    await import_into(bob, make_document(tasks=rows))

    tasks = (await bob.client.get("/tasks", params={"sort": "position"})).json()["items"]
    assert [task["title"] for task in tasks] == ["Own", "First", "Second"]


@pytest.mark.spec("IMP-011")
async def test_filters_and_trash_are_reported(filled_account: Person, bob: Person) -> None:
    document = await export_account(filled_account)
    [repeating] = [task for task in document["tasks"] if task["title"] == "Practise"]
    await filled_account.client.delete(f"/tasks/{repeating['id']}")

    await filled_account.client.post("/filters", json={"name": "Home", "query": "@home"})

    report = await import_into(bob, await export_account(filled_account))

    assert report["not_imported"] == {"filters": 1, "trash": 1, "occurrences": 1}


@pytest.mark.spec("IMP-011")
async def test_imported_series_continues(filled_account: Person, bob: Person) -> None:
    await import_into(bob, await export_account(filled_account))
    [task] = (await bob.client.get("/tasks", params={"q": "practise"})).json()["items"]

    upcoming = (await bob.client.get(f"/tasks/{task['id']}/occurrences/upcoming")).json()["items"]
    recorded = (await bob.client.get(f"/tasks/{task['id']}/occurrences")).json()["items"]

    assert [item["due_day"] for item in upcoming] == ["2031-01-02", "2031-01-03"]
    assert [(item["due_day"], item["status"]) for item in recorded] == [("2031-01-01", "completed")]
    for _ in range(2):
        await bob.client.post(f"/tasks/{task['id']}/complete")
    assert (await bob.client.get(f"/tasks/{task['id']}")).json()["completed"] is True


@pytest.mark.spec("IMP-008")
async def test_large_import_is_one_batch(bob: Person) -> None:
    tags = [{"id": number, "name": f"Tag {number}"} for number in range(1, 11)]
    rows: list[Json] = [
        {"id": number, "title": f"Task {number}", "tags": [number % 10 + 1]} for number in range(1, 1_301)
    ]

    response = await send(bob, make_document(tags=tags, tasks=rows))

    assert response.json()["created"]["tasks"] == 1_300, response.text
    undone = await bob.client.post(f"/changes/{response.headers['Change-Seq']}/undo", json={})
    assert undone.status_code == 200, undone.text
    assert (await bob.client.get("/tasks")).json()["total"] == 0


@pytest.mark.spec("IMP-015")
async def test_statements_follow_the_batches(recorded_app: RecordedApp, bob: Person) -> None:
    tags = [{"id": 1, "name": "home"}]
    rows: list[Json] = [{"id": number, "title": f"Task {number}", "tags": [1]} for number in range(1, 1_301)]
    async with make_client(recorded_app.app, headers=bob.client.headers) as client:
        response = await client.post("/import", json=make_document(tags=tags, tasks=rows))

    assert response.status_code == 200, response.text
    written = [sql for sql in recorded_app.statements if "INSERT INTO tasks" in sql]
    assert len(written) == 3
    own = [sql for sql in recorded_app.statements if "user_id" in sql]
    assert len(own) <= 17

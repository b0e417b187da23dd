"""The history: who changed which field from what to what."""

import asyncpg
import pytest

from tests.support import Json, Make, MakeToken, Person, assert_error, authorize


async def history(owner: Person, path: str = "/changes", **query: object) -> list[Json]:
    response = await owner.client.get(path, params={name: str(value) for name, value in query.items()})
    assert response.status_code == 200, response.text
    items: list[Json] = response.json()["items"]
    return items


@pytest.mark.spec("HIS-001", "HIS-002")
async def test_entry_names_the_fields_before_and_after(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    await ada.client.patch(f"/tasks/{task['id']}", json={"due_date": "2026-12-01T19:00:00+01:00", "completed": True})

    [update, create] = await history(ada)

    assert (create["action"], create["fields"]["title"]) == ("create", {"before": None, "after": "Water the plants"})
    assert update["fields"].pop("completed_at")["before"] is None
    assert update["fields"] == {
        "due_date": {"before": None, "after": "2026-12-01T18:00:00Z"},
        "completed": {"before": False, "after": True},
    }
    assert (update["type"], update["id"], update["seq"], update["batch"]) == ("task", task["id"], 2, 2)
    assert update["undone_by"] is None
    assert update["at"].endswith("Z")


@pytest.mark.spec("HIS-002")
async def test_actor_is_the_login_session_or_the_token(ada: Person, make_task: Make, make_token: MakeToken) -> None:
    await make_task(ada)
    token = await make_token(ada, "tasks:write")
    await ada.client.post("/tasks", json={"title": "By a script"}, headers=authorize(token["token"]))

    by_token, by_person = [entry["actor"] for entry in await history(ada)]

    [login_session] = (await ada.client.get("/auth/sessions")).json()
    assert by_person == {"kind": "login_session", "id": login_session["id"], "name": login_session["user_agent"]}
    assert by_token == {"kind": "access_token", "id": str(token["id"]), "name": token["name"]}
    await ada.client.delete(f"/auth/tokens/{token['id']}")
    assert (await history(ada))[0]["actor"] == {"kind": "access_token", "id": str(token["id"]), "name": None}


@pytest.mark.spec("HIS-003")
async def test_pages_continue_by_cursor(ada: Person, make_task: Make) -> None:
    for number in range(5):
        await make_task(ada, title=f"{number}")

    first = (await ada.client.get("/changes", params={"limit": 2})).json()
    await make_task(ada, title="new")
    second = (await ada.client.get("/changes", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    third = (await ada.client.get("/changes", params={"limit": 2, "cursor": second["next_cursor"]})).json()

    pages = [[entry["seq"] for entry in page["items"]] for page in (first, second, third)]
    assert pages == [[5, 4], [3, 2], [1]]
    assert third["next_cursor"] is None
    assert_error(await ada.client.get("/changes", params={"cursor": "x"}), 400, "INVALID_CURSOR")


@pytest.mark.spec("HIS-004")
async def test_history_of_a_resource_stays_after_its_deletion(
    ada: Person, bob: Person, make_task: Make, make_tag: Make
) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    await make_task(ada)
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")
    await ada.client.delete(f"/tasks/{task['id']}")
    await ada.client.delete(f"/tags/{tag['id']}")

    task_entries = await history(ada, f"/tasks/{task['id']}/changes")

    assert [entry["action"] for entry in task_entries] == ["delete", "update", "create"]
    assert task_entries[1]["fields"] == {"tags": {"before": [], "after": [tag["id"]]}}
    assert [entry["action"] for entry in await history(ada, f"/tags/{tag['id']}/changes")] == ["delete", "create"]
    assert_error(await bob.client.get(f"/tasks/{task['id']}/changes"), 404, "TASK_NOT_FOUND")
    assert_error(await bob.client.get(f"/tags/{tag['id']}/changes"), 404, "TAG_NOT_FOUND")
    assert await history(bob) == []


@pytest.mark.spec("HIS-004")
async def test_task_without_a_log_has_an_empty_history(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    task = await make_task(ada)
    await connection.execute("DELETE FROM changes WHERE user_id = $1", ada.id)

    assert await history(ada, f"/tasks/{task['id']}/changes") == []


@pytest.mark.spec("HIS-005")
async def test_token_reads_the_changes_of_its_types(
    ada: Person, make_task: Make, make_tag: Make, make_token: MakeToken
) -> None:
    await make_task(ada)
    await make_tag(ada)
    await ada.client.patch("/auth/me", json={"name": "Ada"})
    tokens = {scope: (await make_token(ada, scope))["token"] for scope in ("tasks:read", "tags:read", "tasks:write")}

    found = {scope: await ada.client.get("/changes", headers=authorize(token)) for scope, token in tokens.items()}

    assert [entry["type"] for entry in found["tasks:read"].json()["items"]] == ["task"]
    assert [entry["type"] for entry in found["tags:read"].json()["items"]] == ["tag"]
    assert_error(found["tasks:write"], 403, "INSUFFICIENT_SCOPE")
    assert {entry["type"] for entry in await history(ada)} == {"task", "tag"}

"""Changes of saved filters in the log, in sync, in undo and in the trash."""

import asyncpg
import pytest
from httpx import Response

from tests.routers.changes.copies import Copy
from tests.routers.changes.support import read_log
from tests.support import Json, Make, MakeToken, Person, assert_error, authorize


async def undo(owner: Person, response: Response, **body: object) -> Json:
    """Undo the request with this response."""
    undone = await owner.client.post(f"/changes/{response.headers['Change-Seq']}/undo", json=body)
    assert undone.status_code == 200, undone.text
    result: Json = undone.json()
    return result


def path_of(saved_filter: Json) -> str:
    return f"/filters/{saved_filter['id']}"


@pytest.mark.spec("FIL-024")
async def test_each_write_has_one_log_row_with_its_fields(
    ada: Person, saved_filter: Json, connection: asyncpg.Connection
) -> None:
    path = path_of(saved_filter)
    await ada.client.patch(path, json={"query": "p1", "name": saved_filter["name"]})
    await ada.client.patch(path, json={"query": "p1"})
    await ada.client.delete(path, headers={"If-Match": '"1"'})
    await ada.client.delete(path)

    created, updated, deleted = await read_log(connection, ada)

    assert {change["type"] for change in (created, updated, deleted)} == {"filter"}
    assert [change["action"] for change in (created, updated, deleted)] == ["create", "update", "delete"]
    assert created["after"] == {name: saved_filter[name] for name in ("name", "query", "color")}
    assert (updated["before"], updated["after"]) == ({"query": "today & @home"}, {"query": "p1"})
    assert deleted["before"]["query"] == "p1"


@pytest.mark.spec("FIL-024")
async def test_history_of_a_filter_has_its_changes_after_its_deletion(ada: Person, saved_filter: Json) -> None:
    await ada.client.patch(path_of(saved_filter), json={"name": "Home"})
    await ada.client.delete(path_of(saved_filter))

    page = (await ada.client.get(f"{path_of(saved_filter)}/changes")).json()

    assert [item["action"] for item in page["items"]] == ["delete", "update", "create"]
    assert page["items"][1]["fields"] == {"name": {"before": "Around the house", "after": "Home"}}


@pytest.mark.spec("FIL-024")
async def test_sync_has_filters(ada: Person, make_filter: Make) -> None:
    kept, deleted = [await make_filter(ada, name=name) for name in ("kept", "deleted")]
    copy = Copy()
    await copy.update(ada)
    before = dict(copy.resources["filter"])
    changed = (await ada.client.patch(path_of(kept), json={"color": "#000000"})).json()
    await ada.client.delete(path_of(deleted))
    await copy.update(ada)

    assert before == {kept["id"]: kept, deleted["id"]: deleted}
    assert copy.resources["filter"] == {kept["id"]: changed}


@pytest.mark.spec("FIL-024", "FIL-026")
async def test_sync_without_the_scope_has_no_filters(ada: Person, saved_filter: Json, make_token: MakeToken) -> None:
    token = await make_token(ada, "tags:read")

    page = (await ada.client.get("/sync", headers=authorize(token["token"]))).json()

    assert saved_filter["id"] not in [item["id"] for item in page["items"]]


@pytest.mark.spec("FIL-024")
async def test_each_write_can_be_undone(ada: Person) -> None:
    created = await ada.client.post("/filters", json={"name": "x", "query": "p1", "color": "#2E8B57"})
    path = path_of(created.json())
    await undo(ada, await ada.client.put(path, json={"name": "y", "query": "p2"}))
    after_undo = (await ada.client.get(path)).json()
    await undo(ada, await ada.client.delete(path))
    after_restore = (await ada.client.get(path)).json()
    await undo(ada, created)

    fields = {"name": "x", "query": "p1", "color": "#2E8B57", "position": created.json()["position"]}
    assert {name: after_undo[name] for name in fields} == fields
    assert {name: after_restore[name] for name in fields} == fields
    assert (await ada.client.get(path)).status_code == 404


@pytest.mark.spec("FIL-024")
async def test_undo_of_a_field_that_was_changed_since_is_a_conflict(ada: Person, saved_filter: Json) -> None:
    first = await ada.client.patch(path_of(saved_filter), json={"query": "p1"})
    await ada.client.patch(path_of(saved_filter), json={"query": "p2", "name": "Home"})

    conflict = await ada.client.post(f"/changes/{first.headers['Change-Seq']}/undo", json={})
    forced = await undo(ada, first, force=True)

    assert_error(conflict, 409, "UNDO_CONFLICT")
    assert forced["items"][0]["data"]["query"] == saved_filter["query"]
    assert forced["items"][0]["data"]["name"] == "Home"


@pytest.mark.spec("FIL-024")
async def test_deleted_filter_is_in_the_trash_and_comes_back(ada: Person, make_filter: Make) -> None:
    first, second = [await make_filter(ada, name=name) for name in ("first", "second")]
    await ada.client.delete(path_of(first))

    [entry] = (await ada.client.get("/trash")).json()["items"]
    restored = (await ada.client.post(f"/trash/{entry['seq']}/restore")).json()
    filters = (await ada.client.get("/filters")).json()

    assert (entry["type"], entry["id"], entry["name"]) == ("filter", first["id"], "first")
    assert restored["items"][0]["data"] == filters[0]
    assert [item["id"] for item in filters] == [first["id"], second["id"]]
    assert filters[0]["version"] > first["version"]
    assert {name: filters[0][name] for name in ("name", "query", "position", "created_at")} == {
        name: first[name] for name in ("name", "query", "position", "created_at")
    }


@pytest.mark.spec("FIL-024")
async def test_purged_filter_leaves_no_text(ada: Person, saved_filter: Json, connection: asyncpg.Connection) -> None:
    await ada.client.delete(path_of(saved_filter))
    [entry] = (await ada.client.get("/trash")).json()["items"]
    await ada.client.delete(f"/trash/{entry['seq']}")

    assert [(change["before"], change["after"]) for change in await read_log(connection, ada)] == [(None, None)] * 2

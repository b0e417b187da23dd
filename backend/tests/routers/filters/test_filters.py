"""Saved filters are created, read, listed, changed, deleted and limited."""

import asyncio

import pytest
from fastapi import FastAPI

from tests.support import Json, Make, MakeApp, MakeToken, Person, assert_error, authorize, make_client

NOT_FOUND = (404, "FILTER_NOT_FOUND", "Filter not found")
WHOLE = {"name": "Work", "query": "#Work & !p3"}


async def read_all(owner: Person) -> list[Json]:
    response = await owner.client.get("/filters")
    assert response.status_code == 200, response.text
    filters: list[Json] = response.json()
    return filters


def path_of(saved_filter: Json) -> str:
    return f"/filters/{saved_filter['id']}"


@pytest.mark.spec("FIL-020")
async def test_new_filter_has_the_sent_fields(ada: Person) -> None:
    body = {"name": " Büro ", "query": " (overdue | today) & @„Büro“ \n", "color": "#2E8B57"}

    response = await ada.client.post("/filters", json=body)

    saved_filter = response.json()
    assert response.status_code == 201
    assert response.headers["Location"].endswith(f"/filters/{saved_filter['id']}")
    assert (response.headers["ETag"], saved_filter["version"], saved_filter["user_id"]) == ('"1"', 1, str(ada.id))
    assert {name: saved_filter[name] for name in body} == {
        "name": "Büro",
        "query": "(overdue | today) & @„Büro“",
        "color": "#2E8B57",
    }
    assert (await ada.client.get(path_of(saved_filter))).json() == saved_filter


@pytest.mark.spec("FIL-020", "FIL-022")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": " "}, "INVALID_FILTER_NAME"),
        ({"name": "x" * 101}, "INVALID_FILTER_NAME"),
        ({"color": "green"}, "INVALID_COLOR"),
        ({"query": ""}, "INVALID_FILTER"),
        ({"query": "  "}, "INVALID_FILTER"),
        ({"query": "x" * 1001}, "INVALID_FILTER"),
    ],
)
async def test_invalid_field_is_a_400(ada: Person, saved_filter: Json, method: str, fields: Json, code: str) -> None:
    path = "/filters" if method == "POST" else path_of(saved_filter)

    assert_error(await ada.client.request(method, path, json=WHOLE | fields), 400, code)


@pytest.mark.spec("FIL-020")
async def test_fault_of_a_query_names_the_position(ada: Person) -> None:
    response = await ada.client.post("/filters", json={"name": "x", "query": "today & (p1"})

    assert_error(response, 400, "INVALID_FILTER", "Expected & or | or ) at position 12")
    assert [(problem["field"], problem["position"]) for problem in response.json()["errors"]] == [("query", 12)]


@pytest.mark.spec("FIL-020")
@pytest.mark.parametrize(
    "fields", [{"name": None}, {"query": 7}, {"query": None}, {"position": "i0"}, {"sort": "title"}]
)
async def test_missing_unknown_and_mistyped_fields_are_a_422(ada: Person, fields: Json) -> None:
    assert (await ada.client.post("/filters", json=WHOLE | fields)).status_code == 422
    assert (await ada.client.post("/filters", json={"name": "x"})).status_code == 422


@pytest.mark.spec("FIL-020")
async def test_longest_values_are_stored(ada: Person) -> None:
    body = {"name": "🌱" * 100, "query": f"@{'x' * 999}"}

    assert (await ada.client.post("/filters", json=body)).json() | body == (await read_all(ada))[0]


@pytest.mark.spec("FIL-021")
async def test_list_has_own_filters_and_the_newest_is_the_last(ada: Person, bob: Person, make_filter: Make) -> None:
    filters = [await make_filter(ada, name=name) for name in ("b", "a", "a")]
    await make_filter(bob)

    assert await read_all(ada) == filters
    assert [*sorted(filters, key=lambda item: (item["position"], item["id"]))] == filters


@pytest.mark.spec("FIL-021")
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("suffix", ["", "/changes"])
async def test_filter_of_another_user_is_a_404(bob: Person, saved_filter: Json, method: str, suffix: str) -> None:
    if suffix and method != "GET":
        return
    for filter_id in (saved_filter["id"], 10**18, 10**30, 0):
        body = WHOLE if method in ("PUT", "PATCH") else None
        response = await bob.client.request(method, f"/filters/{filter_id}{suffix}", json=body)
        assert_error(response, *NOT_FOUND)


@pytest.mark.spec("FIL-022")
async def test_put_replaces_and_patch_keeps_absent_fields(ada: Person, saved_filter: Json) -> None:
    patched = (await ada.client.patch(path_of(saved_filter), json={"query": "p1"})).json()
    replaced = (await ada.client.put(path_of(saved_filter), json=WHOLE)).json()
    same = (await ada.client.put(path_of(saved_filter), json=replaced | {"position": "zzz", "version": 9})).json()
    empty = (await ada.client.patch(path_of(saved_filter), json={})).json()

    assert {name: patched[name] for name in ("name", "query", "color", "version")} == {
        "name": "Around the house",
        "query": "p1",
        "color": "#2E8B57",
        "version": 2,
    }
    assert (replaced["name"], replaced["color"], replaced["version"]) == ("Work", None, 3)
    assert replaced["position"] == saved_filter["position"]
    assert same == empty == replaced


@pytest.mark.spec("FIL-023")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_write_with_another_version_is_a_412(ada: Person, saved_filter: Json, method: str) -> None:
    body = None if method == "DELETE" else WHOLE
    current = (await ada.client.patch(path_of(saved_filter), json={"name": "Newer"})).json()

    stale = await ada.client.request(method, path_of(saved_filter), json=body, headers={"If-Match": '"1"'})
    fresh = await ada.client.request(method, path_of(saved_filter), json=body, headers={"If-Match": '"2"'})

    assert_error(stale, 412, "PRECONDITION_FAILED")
    assert (stale.json()["current"], stale.headers["ETag"]) == (current, '"2"')
    assert fresh.is_success


@pytest.mark.spec("FIL-023")
async def test_read_with_the_current_version_is_a_304(ada: Person, saved_filter: Json) -> None:
    response = await ada.client.get(path_of(saved_filter), headers={"If-None-Match": '"1"'})

    assert response.status_code == 304


@pytest.mark.spec("FIL-023")
async def test_repeated_key_returns_the_first_response(ada: Person) -> None:
    headers = {"Idempotency-Key": "filter-1"}
    first, second = [await ada.client.post("/filters", json=WHOLE, headers=headers) for _ in range(2)]

    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(await read_all(ada)) == 1


@pytest.mark.spec("FIL-023")
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_write_based_on_an_old_change_is_a_409(ada: Person, saved_filter: Json, method: str) -> None:
    path = path_of(saved_filter)
    first = await ada.client.patch(path, json={"name": "First"})
    await ada.client.patch(path, json={"query": "p1"})
    headers = {"Change-Base": first.headers["Change-Seq"]}

    body = {"query": "p2"} if method == "PATCH" else None
    conflict = await ada.client.request(method, path, json=body, headers=headers)

    assert_error(conflict, 409, "FIELD_CONFLICT")
    assert (await ada.client.patch(path, json={"color": "#000000"}, headers=headers)).status_code == 200


@pytest.mark.spec("FIL-026")
@pytest.mark.parametrize(
    ("scope", "method", "status"),
    [
        ("tasks:read", "GET", 200),
        ("tasks:write", "POST", 201),
        ("tasks:read", "POST", 403),
        ("tags:write", "POST", 403),
    ],
)
async def test_scopes_are_those_of_tasks(
    ada: Person, make_token: MakeToken, app: FastAPI, scope: str, method: str, status: int
) -> None:
    token = await make_token(ada, scope)
    async with make_client(app, headers=authorize(token["token"])) as client:
        response = await client.request(method, "/filters", json=WHOLE if method == "POST" else None)

    assert response.status_code == status


@pytest.mark.spec("FIL-027")
async def test_another_filter_than_allowed_is_rejected(ada: Person, bob: Person, make_app: MakeApp) -> None:
    app = await make_app(max_filters=3)
    async with make_client(app, headers=ada.client.headers) as client:
        responses = await asyncio.gather(*(client.post("/filters", json=WHOLE) for _ in range(8)))
        rejected = await client.post("/filters", json=WHOLE)
        await client.delete(path_of((await read_all(ada))[0]))
        accepted = await client.post("/filters", json=WHOLE)
    async with make_client(app, headers=bob.client.headers) as client:
        of_bob = await client.post("/filters", json=WHOLE)

    assert sorted(response.status_code for response in responses) == [201] * 3 + [400] * 5
    assert_error(rejected, 400, "TOO_MANY_FILTERS")
    assert (accepted.status_code, of_bob.status_code) == (201, 201)


@pytest.mark.spec("FIL-025")
async def test_export_has_the_filters_and_deletion_takes_them(ada: Person, saved_filter: Json) -> None:
    exported = (await ada.client.get("/auth/me/export")).json()
    deleted = await ada.client.request("DELETE", "/auth/me", json={"password": "correct horse battery"})

    assert exported["filters"] == [saved_filter]
    assert deleted.status_code == 204

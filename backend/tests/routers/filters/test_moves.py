"""Saved filters are moved within their list."""

import asyncio

import asyncpg
import pytest

from tests.routers.changes.support import read_log
from tests.support import Json, Make, Person, assert_error


async def names_of(owner: Person) -> str:
    filters: list[Json] = (await owner.client.get("/filters")).json()
    assert filters == sorted(filters, key=lambda item: (item["position"], item["id"]))
    return "".join(item["name"] for item in filters)


@pytest.fixture
async def filters(ada: Person, make_filter: Make) -> dict[str, Json]:
    """Return four filters of Ada by name."""
    return {name: await make_filter(ada, name=name) for name in "abcd"}


@pytest.mark.spec("FIL-028")
@pytest.mark.parametrize(
    ("name", "move", "order"),
    [
        ("d", {"before": "a"}, "dabc"),
        ("a", {"after": "b"}, "bacd"),
        ("c", {"first": True}, "cabd"),
        ("a", {"last": True}, "bcda"),
        ("a", {}, "bcda"),
        ("b", {"before": "c"}, "abcd"),
    ],
)
async def test_filter_is_at_the_place(
    ada: Person, filters: dict[str, Json], name: str, move: dict[str, str], order: str, make_filter: Make
) -> None:
    body = {place: filters[sibling]["id"] if sibling in filters else sibling for place, sibling in move.items()}

    response = await ada.client.post(f"/filters/{filters[name]['id']}/move", json=body)

    assert response.status_code == 200, response.text
    assert await names_of(ada) == order
    await make_filter(ada, name="e")
    assert await names_of(ada) == f"{order}e"


@pytest.mark.spec("FIL-028")
async def test_unknown_places_are_rejected(
    ada: Person, bob: Person, filters: dict[str, Json], make_filter: Make
) -> None:
    path, foreign = f"/filters/{filters['a']['id']}/move", await make_filter(bob)

    for sibling in (foreign["id"], filters["a"]["id"], 10**18):
        assert_error(await ada.client.post(path, json={"before": sibling}), 404, "SIBLING_NOT_FOUND")
    assert_error(await ada.client.post(path, json={"first": True, "last": True}), 400, "CONFLICTING_PLACES")
    assert_error(await bob.client.post(path, json={"first": True}), 404, "FILTER_NOT_FOUND")
    assert await names_of(ada) == "abcd"


@pytest.mark.spec("FIL-023", "FIL-024", "FIL-028")
async def test_move_is_logged_and_undone(ada: Person, filters: dict[str, Json], connection: asyncpg.Connection) -> None:
    path = f"/filters/{filters['a']['id']}/move"
    stale = await ada.client.post(path, json={"last": True}, headers={"If-Match": '"9"'})
    moved = await ada.client.post(path, json={"last": True}, headers={"If-Match": '"1"'})
    [*_, change] = await read_log(connection, ada)
    await ada.client.post(f"/changes/{moved.headers['Change-Seq']}/undo", json={})

    assert_error(stale, 412, "PRECONDITION_FAILED")
    assert (change["type"], change["before"]) == ("filter", {"position": filters["a"]["position"]})
    assert change["after"] == {"position": moved.json()["position"]}
    assert await names_of(ada) == "abcd"


@pytest.mark.spec("FIL-028")
async def test_concurrent_moves_leave_one_order(ada: Person, filters: dict[str, Json]) -> None:
    body = {"after": filters["a"]["id"]}

    responses = await asyncio.gather(
        *(ada.client.post(f"/filters/{filters[name]['id']}/move", json=body) for name in "bcd" for _ in range(5))
    )

    assert {response.status_code for response in responses} == {200}
    order = await names_of(ada)
    assert (order[0], sorted(order)) == ("a", [*"abcd"])

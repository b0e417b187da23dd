"""Items and requests for the tests of bulk writes."""

from httpx import Response

from tests.support import Json, Person


def create_item(title: str = "Water the plants", **fields: object) -> Json:
    return {"action": "create", "task": {"title": title, **fields}}


def update_item(task: Json, version: int | None = None, **changes: object) -> Json:
    return {"action": "update", "id": task["id"], "version": version, "changes": changes}


def delete_item(task: Json, version: int | None = None) -> Json:
    return {"action": "delete", "id": task["id"], "version": version}


async def write_bulk(owner: Person, *items: Json, atomic: bool = True, key: str | None = None) -> Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await owner.client.post("/tasks/bulk", json={"atomic": atomic, "items": items}, headers=headers)


async def write_items(owner: Person, *items: Json) -> list[Json]:
    """Write items without atomicity and return their results."""
    response = await write_bulk(owner, *items, atomic=False)
    assert response.status_code == 200, response.text
    results: list[Json] = response.json()["results"]
    return results


async def list_titles(owner: Person) -> list[str]:
    response = await owner.client.get("/tasks", params={"sort": "title", "limit": 100})
    return [task["title"] for task in response.json()["items"]]

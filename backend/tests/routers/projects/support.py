"""Requests on projects and their tasks."""

from collections.abc import Awaitable
from typing import Any, Protocol

from httpx import Response

from tests.support import Json, Person


class MakeSection(Protocol):
    """Creates a section of a project. Keywords are fields of the body."""

    def __call__(self, owner: Person, project: Json, **fields: object) -> Awaitable[Json]: ...


async def list_tasks(owner: Person, **query: Any) -> list[Json]:
    """Return the tasks of a list in their order."""
    parameters: dict[str, Any] = {"limit": 100, "sort": "position"} | query
    response = await owner.client.get("/tasks", params=parameters)
    assert response.status_code == 200, response.text
    items: list[Json] = response.json()["items"]
    return items


async def titles_of(owner: Person, **query: Any) -> list[str]:
    """Return the titles of a list in the order of positions."""
    return [task["title"] for task in await list_tasks(owner, **query)]


async def read(owner: Person, path: str) -> Json:
    """Return a resource."""
    response = await owner.client.get(path)
    assert response.status_code == 200, response.text
    resource: Json = response.json()
    return resource


async def undo(owner: Person, response: Response, *, force: bool = False) -> Response:
    """Undo the request of a response."""
    return await owner.client.post(f"/changes/{response.headers['Change-Seq']}/undo", json={"force": force})


async def read_trash(owner: Person) -> list[Json]:
    """Return the entries of the trash."""
    items: list[Json] = (await read(owner, "/trash"))["items"]
    return items

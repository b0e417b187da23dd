"""Requests that read or change a task or a tag, and their ETags."""

from collections.abc import Awaitable, Callable

import pytest
from httpx import Response

from tests.contract.support import REPLACEMENT
from tests.support import Json, Person
from todo.schemas.entity_tag import entity_tag

ROUNDS = 20
"""The number of repetitions of a race, because the statements do not overlap in each repetition."""
Change = Callable[[Person, Json, Json], Awaitable[Response]]
"""A function that sends one request about a task and a tag."""
each_collection = pytest.mark.parametrize("collection", ["tasks", "tags"])
each_write = pytest.mark.parametrize(
    ("collection", "method"),
    [("tasks", "PUT"), ("tasks", "PATCH"), ("tasks", "DELETE"), ("tags", "PUT"), ("tags", "DELETE")],
)


def path_of(collection: str, resource: Json) -> str:
    """Return the path of a task or a tag."""
    return f"/{collection}/{resource['id']}"


def etag_of(resource: Json) -> str:
    """Return the ETag of a task or a tag."""
    return f'"{entity_tag(resource)}"'


async def read(owner: Person, path: str) -> Json:
    response = await owner.client.get(path)
    assert response.status_code == 200, response.text
    resource: Json = response.json()
    return resource


async def write(owner: Person, method: str, path: str, if_match: str | None = None) -> Response:
    """Change or delete a task or a tag, optionally with `If-Match`."""
    replacement = {"name": "house"} if path.startswith("/tags") else REPLACEMENT
    body: Json | None = {"PATCH": {"completed": True}, "DELETE": None}.get(method, replacement)
    headers = {} if if_match is None else {"If-Match": if_match}
    return await owner.client.request(method, path, json=body, headers=headers)


async def add_tag(owner: Person, task: Json, tag: Json) -> Response:
    return await owner.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")


async def remove_tag(owner: Person, task: Json, tag: Json) -> Response:
    return await owner.client.delete(f"/tasks/{task['id']}/tags/{tag['id']}")


async def rename_tag(owner: Person, _task: Json, tag: Json) -> Response:
    return await owner.client.put(f"/tags/{tag['id']}", json={"name": tag["name"] + "!", "color": tag["color"]})


async def recolor_tag(owner: Person, _task: Json, tag: Json) -> Response:
    return await owner.client.put(f"/tags/{tag['id']}", json={"name": tag["name"], "color": "#2E8B57"})


async def delete_tag(owner: Person, _task: Json, tag: Json) -> Response:
    return await owner.client.delete(f"/tags/{tag['id']}")

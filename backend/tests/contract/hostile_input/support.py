"""Requests for all operations of the OpenAPI document, and the check of their responses."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from httpx import AsyncClient, Response

from tests.support import Json, Person

Case = tuple[str, str, dict[str, Any]]
"""A method, a path template of the document, and keywords for httpx."""
PATH_PARAMETER = re.compile(r"\{(\w+)\}")
END_THE_LOGIN_SESSION = {"logout_all", "delete_me", "delete_session"}
ENDLESS = {"stream_events"}
"""Operations whose response does not end. tests/routers/events has their hostile input."""
MAX_SECONDS = 5


def _ends_like(collection: str, path: str) -> bool:
    """Return whether both paths end with the same noun; a collection can be below another resource."""
    return collection.rpartition("/")[2] == path.rpartition("/")[2]


class ResourceIds:
    """Ids of resources of one user, created on demand by a POST to their collection with its documented example."""

    def __init__(self, owner: Person, document: Json) -> None:
        self._owner = owner
        self._document = document
        self._ids: dict[str, int] = {}

    async def fill(self, path: str) -> str:
        """Return a path with the ids of existing resources."""
        for name in PATH_PARAMETER.findall(path):
            if name == "seq":
                self._ids[name] = await self._delete_a_task()
            elif name not in self._ids:
                self._ids[name] = await self._create(path.partition(f"/{{{name}}}")[0])
        return path.format_map(self._ids)

    async def _delete_a_task(self) -> int:
        """Return the number of a new change that can be undone, and that is an entry of the trash."""
        task = (await self._owner.client.post("/tasks", json={"title": "Deleted"})).json()
        response = await self._owner.client.delete(f"/tasks/{task['id']}")
        return int(response.headers["Change-Seq"])

    async def _create(self, path: str) -> int:
        """Create a resource of a collection, and return its id."""
        collections = [name for name, methods in self._document["paths"].items() if "post" in methods]
        collection = next(name for name in (path, *collections) if name in collections and _ends_like(name, path))
        body = self._document["paths"][collection]["post"]["requestBody"]["content"]["application/json"]
        schema = self._document["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
        example = schema["examples"][0] | ({"name": uuid4().hex} if "name" in schema["properties"] else {})
        url = f"https://todo.test{await self.fill(collection)}"
        response = await self._owner.client.post(url, json=example)
        assert response.status_code == 201, response.text
        id_: int = response.json()["id"]
        return id_

    def forget_deleted(self, method: str, path: str, response: Response) -> None:
        """Forget the id of a resource that this request deleted."""
        if method == "DELETE" and response.status_code == 204 and (names := PATH_PARAMETER.findall(path)):
            del self._ids[names[-1]]


def operations_of(app: FastAPI) -> Iterator[tuple[str, str, Json]]:
    """Yield method, path and description of each operation that ends and keeps the login session."""
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            if operation["operationId"] not in END_THE_LOGIN_SESSION | ENDLESS:
                yield method.upper(), path, operation


def fields_of(app: FastAPI, operation: Json) -> list[str]:
    """Return the names of the fields in the JSON body of an operation."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return list(app.openapi()["components"]["schemas"].get(name, {}).get("properties", {}))


def to_json(body: object) -> bytes:
    """Return a body as JSON. Lone surrogates become escape sequences."""
    return json.dumps(body).encode()


async def assert_all_handled(client: AsyncClient, cases: list[Case], resource_ids: ResourceIds) -> None:
    """Send all cases, and check that each response is fast, below 500 and in the shape of the contract."""
    failures: list[str] = []
    for method, path, options in cases:
        url = f"https://todo.test{await resource_ids.fill(path)}"
        started_at = time.monotonic()
        response = await client.request(method, url, **options)
        resource_ids.forget_deleted(method, path, response)
        if failure := find_failure(response, time.monotonic() - started_at):
            failures.append(f"{method} {path[:80]} {str(options)[:120]}: {failure}")
    assert cases
    assert failures == []


def find_failure(response: Response, seconds: float) -> str | None:
    if response.status_code >= 500 and '"MAIL_NOT_CONFIGURED"' not in response.text:
        return f"{response.status_code} {response.text[:200]}"
    if seconds > MAX_SECONDS:
        return f"took {seconds:.1f} s"
    if response.status_code >= 400:
        body = response.json()
        if not isinstance(body.get("detail"), str) or not isinstance(body.get("code"), str):
            return f"has another shape: {response.text[:200]}"
        if response.status_code == 401 and response.headers.get("WWW-Authenticate") != "Bearer":
            return "has no WWW-Authenticate: Bearer"
    return None

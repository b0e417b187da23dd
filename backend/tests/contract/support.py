"""Functions and constants of the tests of rules that hold for all resources."""

import re

from httpx import Response

from tests.support import Json, Person

HEALTH_URL = "https://todo.test/health"
JSON_HEADERS = {"Content-Type": "application/json"}
ORIGIN = "http://localhost:3000"
REPLACEMENT: Json = {"title": "Feed the cat", "priority": "low", "completed": True}
"""A body that replaces a task."""
UNKNOWN_ID = 9_000_000_000_000_000_000
"""An id that no row has."""


def assert_error_shape(response: Response) -> None:
    """Check the fields of an error response (contract, section 1)."""
    body = response.json()
    assert response.headers["Content-Type"] == "application/json"
    assert {"detail", "code"} <= set(body) <= {"detail", "code", "errors", "request_id"}
    assert body["detail"]
    assert re.fullmatch("[A-Z_]+", body["code"])
    for problem in body.get("errors", []):
        assert set(problem) == {"field", "detail", "code"}
    assert ("errors" in body) == (response.status_code in (400, 422))


def assert_readable_by_page(response: Response) -> None:
    """Check that a browser lets a page of ORIGIN read this response with credentials."""
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Origin" in response.headers["Vary"]


async def count_tasks(owner: Person) -> int:
    """Return the number of tasks of a person."""
    total: int = (await owner.client.get("/tasks")).json()["total"]
    return total

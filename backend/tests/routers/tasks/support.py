"""Bodies and requests for the tests of tasks."""

import json

from httpx import Response

from tests.support import Json, Person, assert_error

UNKNOWN_ID = 9_000_000_000_000_000_000
FULL_TASK: Json = {
    "title": "Water the plants",
    "description": "The ferns too",
    "completed": True,
    "priority": "high",
    "due_date": "2026-12-01T18:00:00Z",
    "recurrence_rule": "FREQ=WEEKLY;BYDAY=MO,TH",
}
SMALLEST_REPLACEMENT: Json = {"title": "Feed the cat", "priority": "low", "completed": False}
TASK_METHODS = ("GET", "PUT", "PATCH", "DELETE")
SMALLEST_TASK: Json = {"title": "Water the plants", "priority": "medium", "completed": False}
WRITE_METHODS = ("POST", "PUT", "PATCH")


async def request_task(owner: Person, method: str, task_id: object) -> Response:
    """Request a task with a valid body for the method."""
    body = {"PUT": SMALLEST_REPLACEMENT, "PATCH": {"title": "Mine now"}}.get(method)
    return await owner.client.request(method, f"/tasks/{task_id}", json=body)


async def get_task(owner: Person, task_id: int) -> Json:
    """Return a task through the API."""
    response = await owner.client.get(f"/tasks/{task_id}")
    assert response.status_code == 200, response.text
    task: Json = response.json()
    return task


async def write_task(owner: Person, method: str, **fields: object) -> Response:
    """Create (POST), replace (PUT) or change (PATCH) a task. Required fields that are absent get valid values.

    The body is ASCII with escapes, so it can contain lone surrogates.
    """
    path = "/tasks"
    if method != "POST":
        create_response = await owner.client.post("/tasks", json=SMALLEST_TASK)
        path = f"/tasks/{create_response.json()['id']}"
    body = fields if method == "PATCH" else SMALLEST_TASK | fields
    return await owner.client.request(
        method, path, content=json.dumps(body), headers={"Content-Type": "application/json"}
    )


async def write_with_every_method(owner: Person, **fields: object) -> list[Response]:
    """Return the responses of a creation, a replacement and a change with these fields."""
    return [await write_task(owner, method, **fields) for method in WRITE_METHODS]


def assert_written(response: Response) -> Json:
    """Check that the response is a success, and return its task."""
    assert response.status_code in {200, 201}, response.text
    task: Json = response.json()
    return task


def assert_field_error(response: Response, status: int, code: str, field: str, detail: str) -> None:
    """Check that the response is a problem with exactly one error, for `field`."""
    assert_error(response, status, code, detail)
    assert response.json()["errors"] == [{"field": field, "detail": detail, "code": code}]

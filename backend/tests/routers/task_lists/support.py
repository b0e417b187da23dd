"""Rows and requests for the tests of lists."""

from httpx import Response

from tests.support import Json, Person, assert_error

INSERT_TASKS = """
WITH inserted AS (
INSERT INTO tasks (user_id, title, title_key, description, completed, priority, due_date, created_at)
SELECT $1,
       (ARRAY['alpha', 'Alpha', 'BETA', 'beta'])[1 + i % 4],
       (ARRAY['alpha', 'alpha', 'beta', 'beta'])[1 + i % 4],
       CASE WHEN i % 2 = 0 THEN 'An even one' END,
       i % 2 = 0,
       (ARRAY['low', 'medium', 'high'])[1 + i % 3],
       CASE WHEN i % 5 > 0 THEN timestamptz '2026-12-01Z' + i % 3 * interval '1 day' END,
       timestamptz '2026-01-01Z' + i % 2 * interval '1 day'
FROM generate_series(1, $2) AS i
RETURNING *
)
INSERT INTO task_search (user_id, task_id, title, description)
SELECT user_id, id, lower(title), lower(coalesce(description, '')) FROM inserted
"""
"""Insert tasks with many equal values in every sort field."""


async def request_tasks(owner: Person, **query: object) -> Response:
    """Return the response of /tasks for a query."""
    return await owner.client.get("/tasks", params={name: str(value) for name, value in query.items()})


async def list_tasks(owner: Person, **query: object) -> Json:
    """Return the page of a valid query."""
    response = await request_tasks(owner, **query)
    assert response.status_code == 200, response.text
    page: Json = response.json()
    return page


async def list_titles(owner: Person, **query: object) -> list[str]:
    """Return the titles on the page of a valid query."""
    return [task["title"] for task in (await list_tasks(owner, **query))["items"]]


async def tag_task(owner: Person, task: Json, tag: Json) -> None:
    """Add a tag to a task."""
    response = await owner.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")
    assert response.status_code == 201, response.text


def assert_query_error(response: Response, status: int, code: str, field: str) -> None:
    """Check that the response is a problem with exactly one error, for the query parameter `field`."""
    assert_error(response, status, code)
    assert [error["field"] for error in response.json()["errors"]] == [field]

"""Requests on occurrences."""

from collections.abc import Mapping

from httpx import Response

from tests.routers.projects.support import list_tasks
from tests.routers.subtasks.support import make_chain
from tests.support import Json, Make, Person


async def request(
    owner: Person, task: Mapping[str, object], verb: str, occurrence: object = None, **headers: str
) -> Response:
    """Complete or skip an occurrence; without one the current one."""
    body = {} if occurrence is None else {"occurrence": occurrence}
    return await owner.client.post(f"/tasks/{task['id']}/{verb}", json=body, headers=headers)


async def complete(owner: Person, task: Mapping[str, object], occurrence: object = None) -> Json:
    """Complete an occurrence and return the body of the response."""
    return body_of(await request(owner, task, "complete", occurrence))


async def skip(owner: Person, task: Mapping[str, object], occurrence: object = None) -> Json:
    """Skip an occurrence and return the body of the response."""
    return body_of(await request(owner, task, "skip", occurrence))


async def change(owner: Person, task: Mapping[str, object], **fields: object) -> Json:
    """Change fields of a task and return it."""
    return body_of(await owner.client.patch(f"/tasks/{task['id']}", json=fields))


async def read_task(owner: Person, task: Mapping[str, object]) -> Json:
    """Return the current state of a task."""
    return body_of(await owner.client.get(f"/tasks/{task['id']}"))


async def read_occurrences(owner: Person, task: Mapping[str, object]) -> list[Json]:
    """Return the recorded occurrences, the last recorded first."""
    items: list[Json] = body_of(await owner.client.get(f"/tasks/{task['id']}/occurrences?limit=100"))["items"]
    return items


async def read_upcoming(owner: Person, task: Mapping[str, object], limit: int = 10) -> list[object]:
    """Return the dues of the preview."""
    response = await owner.client.get(f"/tasks/{task['id']}/occurrences/upcoming", params={"limit": limit})
    return [due_of(item) for item in body_of(response)["items"]]


def due_of(item: Mapping[str, object]) -> object:
    """Return the day or the instant at which a task or an occurrence is due."""
    return item["due_day"] or item["due_date"]


def body_of(response: Response) -> Json:
    """Return the body of a response with 200."""
    assert response.status_code == 200, response.text
    body: Json = response.json()
    return body


async def make_tree(make_task: Make, owner: Person, **fields: object) -> Json:
    """Create `a(b(c) d)`, of which b and d are completed, and a completed task beside it; return a."""
    a, b, _ = await make_chain(make_task, owner, "abc", **fields)
    await owner.client.patch(f"/tasks/{b['id']}", json={"completed": True})
    await make_task(owner, title="d", parent_id=a["id"], completed=True)
    await make_task(owner, title="x", completed=True)
    return a


async def send(owner: Person, task: Json, verb: str = "complete", **body: object) -> Response:
    """Complete or skip an occurrence, with choices for its subtasks."""
    response = await owner.client.post(f"/tasks/{task['id']}/{verb}", json=body)
    assert response.status_code == 200, response.text
    return response


async def completed_titles(owner: Person) -> str:
    """Return the titles of the completed tasks."""
    return "".join(task["title"] for task in await list_tasks(owner, status="completed", sort="title"))


async def states_of(owner: Person) -> dict[str, tuple[bool, str | None]]:
    """Return whether and when each task was completed, by title."""
    return {task["title"]: (task["completed"], task["completed_at"]) for task in await list_tasks(owner)}

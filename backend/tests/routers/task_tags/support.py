"""Requests for the tests of the tags of tasks."""

from collections.abc import Awaitable, Callable

from httpx import Response

from tests.support import Person

SendTag = Callable[[Person, object, object], Awaitable[Response]]


async def add_tag(owner: Person, task_id: object, tag_id: object) -> Response:
    """Add a tag to a task."""
    return await owner.client.post(f"/tasks/{task_id}/tags/{tag_id}")


async def remove_tag(owner: Person, task_id: object, tag_id: object) -> Response:
    """Remove a tag from a task."""
    return await owner.client.delete(f"/tasks/{task_id}/tags/{tag_id}")

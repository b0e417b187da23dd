"""Fixtures for the tests of the tags of tasks."""

import pytest

from tests.routers.task_tags.support import add_tag
from tests.support import Json, Make, Person


@pytest.fixture
async def task(ada: Person, make_task: Make) -> Json:
    """Return a task of Ada."""
    return await make_task(ada)


@pytest.fixture
async def tag(ada: Person, make_tag: Make) -> Json:
    """Return a tag of Ada that no task has."""
    return await make_tag(ada)


@pytest.fixture
async def tagged_task(ada: Person, task: Json, tag: Json) -> Json:
    """Return the task after the tag was added."""
    response = await add_tag(ada, task["id"], tag["id"])
    assert response.status_code == 201, response.text
    tagged_task: Json = response.json()
    return tagged_task

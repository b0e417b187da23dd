"""A project and the requests of a user who keeps projects."""

import pytest

from tests.support import Json, Make, Person


@pytest.fixture
def make_project() -> Make:
    """Create projects. The default name is "Garden"."""

    async def make(owner: Person, **fields: object) -> Json:
        response = await owner.client.post("/projects", json={"name": "Garden"} | fields)
        assert response.status_code == 201, response.text
        project: Json = response.json()
        return project

    return make


@pytest.fixture
async def project(ada: Person, make_project: Make) -> Json:
    """Return a project of Ada."""
    return await make_project(ada)

"""A project and the requests of a user who keeps projects."""

from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from tests.routers.projects.support import MakeSection
from tests.support import Json, Make, MakeApp, Person, make_client


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


@pytest.fixture
def make_section() -> MakeSection:
    """Create sections of a project. The default name is "Next"."""

    async def make(owner: Person, project: Json, **fields: object) -> Json:
        response = await owner.client.post(f"/projects/{project['id']}/sections", json={"name": "Next"} | fields)
        assert response.status_code == 201, response.text
        section: Json = response.json()
        return section

    return make


@pytest.fixture
async def section(ada: Person, project: Json, make_section: MakeSection) -> Json:
    """Return a section of the project."""
    return await make_section(ada, project)


@pytest.fixture
async def elsewhere(make_app: MakeApp, ada: Person) -> AsyncIterator[AsyncClient]:
    """Return a client of Ada on another application. Writes of one user run one after the other in an application."""
    async with make_client(await make_app(), headers=ada.client.headers) as client:
        yield client

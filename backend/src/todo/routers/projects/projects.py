"""Projects."""

from typing import Annotated

from fastapi import Query, Response, status

from todo.domain.identifiers import RowId
from todo.http.dependencies.change_base import ChangeBase
from todo.http.dependencies.principal import CurrentUser
from todo.http.dependencies.resources import Resources, Session
from todo.http.dependencies.versions import IfMatch
from todo.http.dependencies.writer import CurrentWriter
from todo.http.openapi import Responses, errors, merge_patch
from todo.http.resource_route import make_router
from todo.schemas.projects.move import Move
from todo.schemas.projects.project import (
    DeletionQuery,
    ProjectCounts,
    ProjectCreate,
    ProjectPublic,
    ProjectQuery,
    ProjectUpdate,
)
from todo.services.placement import deletion, moves
from todo.services.placement.errors import SiblingNotFoundError
from todo.services.projects import service as project_service
from todo.services.projects.errors import ProjectNotFoundError, TooManyProjectsError

router = make_router("/projects", "projects")

PROJECT_EXISTED: Responses = {
    200: {"model": ProjectPublic, "description": "A project with this `external_id` existed."}
}


@router.post("", status_code=status.HTTP_201_CREATED, responses=PROJECT_EXISTED | errors(TooManyProjectsError))
async def create_project(
    project: ProjectCreate, response: Response, writer: CurrentWriter, resources: Resources
) -> ProjectPublic:
    """Create a project, after the others. You can have 500, unless the operator allows more.

    If a project with this `external_id` exists, it is returned with 200.
    """
    max_projects = resources.settings.max_projects
    created_project, created = await project_service.create_project(writer, project, max_projects=max_projects)
    response.status_code = status.HTTP_201_CREATED if created else status.HTTP_200_OK
    return created_project


@router.get("")
async def list_projects(
    query: Annotated[ProjectQuery, Query()], session: Session, user: CurrentUser
) -> list[ProjectPublic]:
    """Return all your projects in their order, without the archived ones unless `archived` asks for them."""
    return await project_service.list_projects(session, user.id, query.archived)


@router.get("/counts")
async def count_tasks(session: Session, user: CurrentUser) -> list[ProjectCounts]:
    """Return how many tasks the inbox and each project have. A project without tasks is left out."""
    return await project_service.count_tasks(session, user.id)


@router.get("/{project_id}", responses=errors(ProjectNotFoundError))
async def get_project(project_id: RowId, session: Session, user: CurrentUser) -> ProjectPublic:
    """Return one of your projects."""
    return await project_service.get_project(session, user.id, project_id)


@router.patch("/{project_id}", responses=errors(ProjectNotFoundError), openapi_extra=merge_patch(ProjectUpdate))
async def update_project(
    project_id: RowId, project: ProjectUpdate, writer: CurrentWriter, entity_tags: IfMatch, base: ChangeBase
) -> ProjectPublic:
    """Change some fields of a project. To archive it, send `{"archived": true}`: its tasks leave the lists of tasks."""
    return await project_service.update_project(writer, project_id, project, entity_tags, base)


@router.post("/{project_id}/move", responses=errors(ProjectNotFoundError, SiblingNotFoundError))
async def move_project(
    project_id: RowId, move: Move, writer: CurrentWriter, entity_tags: IfMatch, base: ChangeBase
) -> ProjectPublic:
    """Move a project among all your projects. Two moves at once leave one order."""
    return await moves.move_project(writer, project_id, move, entity_tags, base)


@router.delete("/{project_id}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(ProjectNotFoundError))
async def delete_project(
    project_id: RowId,
    query: Annotated[DeletionQuery, Query()],
    writer: CurrentWriter,
    user: CurrentUser,
    entity_tags: IfMatch,
    base: ChangeBase,
) -> None:
    """Delete a project with its tasks. With `children=keep` the tasks move to the inbox.

    The project and its tasks are one entry of the trash, and one undo brings all of them back. A personal access token
    needs `tasks:write` too, unless the project is empty.
    """
    await deletion.delete_project(writer, user, project_id, query.children, entity_tags, base)

"""Sections of projects."""

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
from todo.schemas.projects.section import SectionCreate, SectionDeletionQuery, SectionPublic, SectionUpdate
from todo.services.placement import deletion, moves
from todo.services.placement.errors import SiblingNotFoundError
from todo.services.projects.errors import ProjectNotFoundError
from todo.services.sections import service as section_service
from todo.services.sections.errors import SectionNotFoundError, TooManySectionsError

router = make_router("", "projects")

SECTION_EXISTED: Responses = {
    200: {"model": SectionPublic, "description": "A section with this `external_id` existed."}
}


@router.post(
    "/projects/{project_id}/sections",
    status_code=status.HTTP_201_CREATED,
    responses=SECTION_EXISTED | errors(ProjectNotFoundError, TooManySectionsError),
)
async def create_section(
    project_id: RowId, section: SectionCreate, response: Response, writer: CurrentWriter, resources: Resources
) -> SectionPublic:
    """Create a section, after the others of the project. A project can have 100, unless the operator allows more.

    If a section with this `external_id` exists, it is returned with 200.
    """
    max_sections = resources.settings.max_sections_per_project
    created_section, created = await section_service.create_section(
        writer, project_id, section, max_sections=max_sections
    )
    response.status_code = status.HTTP_201_CREATED if created else status.HTTP_200_OK
    return created_section


@router.get("/projects/{project_id}/sections", responses=errors(ProjectNotFoundError))
async def list_sections(project_id: RowId, session: Session, user: CurrentUser) -> list[SectionPublic]:
    """Return the sections of a project in their order."""
    return await section_service.list_sections(session, user.id, project_id)


@router.get("/sections/{section_id}", responses=errors(SectionNotFoundError))
async def get_section(section_id: RowId, session: Session, user: CurrentUser) -> SectionPublic:
    """Return one section of a project."""
    return await section_service.get_section(session, user.id, section_id)


@router.patch(
    "/sections/{section_id}", responses=errors(SectionNotFoundError), openapi_extra=merge_patch(SectionUpdate)
)
async def update_section(
    section_id: RowId, section: SectionUpdate, writer: CurrentWriter, entity_tags: IfMatch, base: ChangeBase
) -> SectionPublic:
    """Change the name of a section. It stays in its project."""
    return await section_service.update_section(writer, section_id, section, entity_tags, base)


@router.post("/sections/{section_id}/move", responses=errors(SectionNotFoundError, SiblingNotFoundError))
async def move_section(
    section_id: RowId, move: Move, writer: CurrentWriter, entity_tags: IfMatch, base: ChangeBase
) -> SectionPublic:
    """Move a section within its project. Two moves at once leave one order."""
    return await moves.move_section(writer, section_id, move, entity_tags, base)


@router.delete("/sections/{section_id}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(SectionNotFoundError))
async def delete_section(
    section_id: RowId,
    query: Annotated[SectionDeletionQuery, Query()],
    writer: CurrentWriter,
    user: CurrentUser,
    entity_tags: IfMatch,
    base: ChangeBase,
) -> None:
    """Delete a section. Its tasks stay in the project. With `children=delete` they are deleted with it.

    The section and its deleted tasks are one entry of the trash. A personal access token needs `tasks:write` too,
    unless the section is empty.
    """
    await deletion.delete_section(writer, user, section_id, query.children, entity_tags, base)

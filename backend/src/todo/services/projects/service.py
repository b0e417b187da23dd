"""Projects: create, read, list and change them. `services.placement` deletes and moves them."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from todo.core.database.session import Row, Session
from todo.domain.projects.project import ArchivedFilter
from todo.schemas.projects.project import ProjectCounts, ProjectCreate, ProjectPublic, ProjectUpdate
from todo.services.projects import statements
from todo.services.projects.errors import ProjectNotFoundError, TooManyProjectsError
from todo.services.shared.log.row_updates import RowUpdate, update_row
from todo.services.shared.log.writer import Writer
from todo.services.shared.positions import public_position
from todo.services.shared.versions import EntityTags


async def create_project(writer: Writer, project: ProjectCreate, *, max_projects: int) -> tuple[ProjectPublic, bool]:
    """Create a project; return it and whether it is new (PRJ-001).

    If the user has a project with this `external_id`, that project is returned unchanged (PRJ-003).

    Raises:
        TooManyProjectsError: the user has `max_projects` projects.
        InvalidTokenError: the user was deleted.
    """
    row = await writer.write_one(statements.INSERT_PROJECT, max_projects=max_projects, **project.model_dump())
    if row is not None:
        return read_row(row), True
    row = await writer.session.fetch_one(
        statements.SELECT_BY_EXTERNAL_ID, user_id=writer.user_id, external_id=project.external_id
    )
    if row is None:
        raise TooManyProjectsError
    return read_row(row), False


async def list_projects(session: Session, user_id: UUID, archived: ArchivedFilter) -> list[ProjectPublic]:
    """Return the user's projects in the order of their positions."""
    if archived == "all":
        rows = await session.fetch_all(statements.SELECT_PROJECTS, user_id=user_id)
    else:
        rows = await session.fetch_all(
            statements.SELECT_PROJECTS_BY_ARCHIVED, user_id=user_id, archived=archived == "true"
        )
    return [read_row(row) for row in rows]


async def count_tasks(session: Session, user_id: UUID) -> list[ProjectCounts]:
    """Return the numbers of tasks in the inbox and in each project. Projects without tasks are left out."""
    rows = await session.fetch_all(statements.COUNT_TASKS, user_id=user_id)
    return [cast("ProjectCounts", dict(row)) for row in rows]


async def get_project(session: Session, user_id: UUID, project_id: int) -> ProjectPublic:
    """Return a project.

    Raises:
        ProjectNotFoundError: the project does not exist, or belongs to another user.
    """
    row = await session.fetch_one(statements.SELECT_PROJECT, user_id=user_id, id=project_id)
    if row is None:
        raise ProjectNotFoundError
    return read_row(row)


async def list_projects_after(session: Session, user_id: UUID, project_id: int, limit: int) -> list[ProjectPublic]:
    """Return the user's next projects in the order of their ids; with `project_id` 0 the first ones."""
    rows = await session.fetch_all(statements.SELECT_PROJECTS_AFTER, user_id=user_id, id=project_id, limit=limit)
    return [read_row(row) for row in rows]


async def list_projects_by_ids(session: Session, user_id: UUID, ids: Sequence[int]) -> list[ProjectPublic]:
    """Return the user's projects among these ids, in any order."""
    rows = await session.fetch_all(statements.SELECT_PROJECTS_BY_IDS, user_id=user_id, ids=ids)
    return [read_row(row) for row in rows]


async def update_project(
    writer: Writer,
    project_id: int,
    changes: ProjectUpdate,
    entity_tags: EntityTags | None = None,
    base: int | None = None,
) -> ProjectPublic:
    """Write the fields that `changes` has. Archiving leaves the tasks of the project out of lists (PRJ-010).

    Raises:
        ProjectNotFoundError: the project does not exist, or belongs to another user.
        PreconditionFailedError: the project has none of the entity tags.
        FieldConflictError: a field was changed after `base`.
    """

    async def read() -> ProjectPublic:
        return await get_project(writer.session, writer.user_id, project_id)

    request = RowUpdate(statements.PROJECT, project_id, changes.model_dump(), entity_tags, base)
    return await update_row(writer, request, statements.update_project, read, read_row)


def read_row(row: Row) -> ProjectPublic:
    """Return the project of a row; the row may have further columns."""
    fields = dict(row)
    return cast("ProjectPublic", fields | {"position": public_position(fields)})

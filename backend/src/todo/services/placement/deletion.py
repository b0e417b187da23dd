"""Deletions of projects, with their tasks or without them (PRO-020 to PRO-024)."""

from collections.abc import Sequence

from todo.domain.projects.project import Children
from todo.schemas.projects.project import ProjectPublic
from todo.services.authentication import Principal
from todo.services.placement.statements import SELECT_CONTENTS
from todo.services.projects import restore as projects
from todo.services.projects.service import get_project
from todo.services.projects.statements import PROJECT
from todo.services.shared.log.change_base import based_on
from todo.services.shared.log.reverted import Reverted
from todo.services.shared.log.writer import Writer
from todo.services.shared.versions import EntityTags, check_entity_tags
from todo.services.tasks import restore as tasks


async def delete_project(
    writer: Writer,
    principal: Principal,
    project_id: int,
    children: Children,
    entity_tags: EntityTags | None = None,
    base: int | None = None,
) -> None:
    """Delete a project as one batch: with its tasks, or after they moved to the inbox.

    Raises:
        ProjectNotFoundError: the project does not exist, or belongs to another user.
        InsufficientScopeError: the project has tasks, and the principal may not write tasks.
        PreconditionFailedError: the project has none of the entity tags.
        FieldConflictError: the project was changed after `base`.
    """

    async def read() -> ProjectPublic:
        return await get_project(writer.session, writer.user_id, project_id)

    async with writer.transaction():
        check_entity_tags(entity_tags, await read())
        async with based_on(base, writer, PROJECT, read, None):
            rows = await writer.session.fetch_all(SELECT_CONTENTS, user_id=writer.user_id, project_ids=[project_id])
            if rows:
                principal.require_scope("tasks:write")
            if children == "delete":
                await tasks.remove_tasks(writer, [Reverted(None, row["id"], {}) for row in rows])
            await remove_projects(writer, [Reverted(None, project_id, {})])


async def remove_projects(writer: Writer, removed: Sequence[Reverted]) -> None:
    """Delete projects. Tasks that are still in them move to the inbox."""
    ids = [project.id for project in removed]
    rows = await writer.session.fetch_all(SELECT_CONTENTS, user_id=writer.user_id, project_ids=ids)
    await tasks.revert_tasks(writer, [Reverted(None, row["id"], {"project_id": None}) for row in rows])
    await projects.remove_projects(writer, removed)

"""Deletions of tasks, projects and sections, with their contents or without them (PRJ-020 to PRJ-041, SUB-020)."""

from collections.abc import Sequence

from todo.core.database.session import Row
from todo.domain.projects.project import Children
from todo.schemas.projects.project import ProjectPublic
from todo.schemas.projects.section import SectionPublic
from todo.schemas.tasks.task import TaskPublic
from todo.services.authentication import Principal
from todo.services.placement import statements
from todo.services.projects import statements as projects
from todo.services.projects.service import get_project
from todo.services.sections import statements as sections
from todo.services.sections.service import get_section, list_sections_by_ids
from todo.services.shared.log.change_base import based_on
from todo.services.shared.log.reverted import Reverted
from todo.services.shared.log.writer import Writer
from todo.services.shared.versions import EntityTags, check_entity_tags
from todo.services.subtasks.tree import read_nodes
from todo.services.tasks import restore as tasks
from todo.services.tasks.service import delete_single_task, get_task
from todo.services.tasks.write_statements import TASK


async def delete_project(
    writer: Writer,
    principal: Principal,
    project_id: int,
    children: Children,
    entity_tags: EntityTags | None = None,
    base: int | None = None,
) -> None:
    """Delete a project with its sections as one batch: with its tasks, or after they moved to the inbox.

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
        async with based_on(base, writer, projects.PROJECT, read, None):
            await _delete_tasks(writer, principal, await _tasks_of_projects(writer, [project_id]), children)
            await remove_projects(writer, [Reverted(None, project_id, {})])


async def delete_section(
    writer: Writer,
    principal: Principal,
    section_id: int,
    children: Children,
    entity_tags: EntityTags | None = None,
    base: int | None = None,
) -> None:
    """Delete a section as one batch: with its tasks, or after they left it.

    Raises:
        SectionNotFoundError: the section does not exist, or belongs to another user.
        InsufficientScopeError: the section has tasks, and the principal may not write tasks.
        PreconditionFailedError: the section has none of the entity tags.
        FieldConflictError: the section was changed after `base`.
    """

    async def read() -> SectionPublic:
        return await get_section(writer.session, writer.user_id, section_id)

    async with writer.transaction():
        section = await read()
        check_entity_tags(entity_tags, section)
        async with based_on(base, writer, sections.SECTION, read, None):
            await _delete_tasks(writer, principal, await tasks_of_sections(writer, [section]), children)
            await remove_sections(writer, [Reverted(None, section_id, {})])


async def delete_task(
    writer: Writer, task_id: int, children: Children, entity_tags: EntityTags | None = None, base: int | None = None
) -> None:
    """Delete a task as one batch: with all its subtasks, or after the direct ones moved up.

    Raises:
        TaskNotFoundError: the task does not exist, or belongs to another user.
        PreconditionFailedError: the task has none of the entity tags.
        FieldConflictError: the task was changed after `base`.
    """

    async def read() -> TaskPublic:
        return await get_task(writer.session, writer.user_id, task_id)

    if await delete_single_task(writer, task_id, entity_tags, base):
        return
    async with writer.transaction():
        check_entity_tags(entity_tags, await read())
        async with based_on(base, writer, TASK, read, None):
            if children == "keep":
                await tasks.remove_tasks(writer, [Reverted(None, task_id, {})])
                return
            nodes = await read_nodes(writer.session, writer.user_id, below=[task_id])
            parents = {id_: node.parent_id for id_, node in nodes.items()}
            await tasks.remove_trees(writer, [Reverted(None, id_, {}) for id_ in nodes], parents)


async def remove_projects(writer: Writer, removed: Sequence[Reverted]) -> None:
    """Delete projects with their sections. Tasks that are still in them move to the inbox."""
    ids = [project.id for project in removed]
    await _change_tasks(writer, await _tasks_of_projects(writer, ids), {"project_id": None, "section_id": None})
    rows = await writer.session.fetch_all(
        statements.SELECT_SECTIONS_OF_PROJECTS, user_id=writer.user_id, project_ids=ids
    )
    if rows:
        await sections.RESTORES.remove_rows(writer, [Reverted(None, row["id"], {}) for row in rows])
    await projects.WRITES.remove_rows(writer, removed)


async def remove_sections(writer: Writer, removed: Sequence[Reverted]) -> None:
    """Delete sections. Tasks that are still in them stay in the project."""
    found = await list_sections_by_ids(writer.session, writer.user_id, [section.id for section in removed])
    await _change_tasks(writer, await tasks_of_sections(writer, found), {"section_id": None})
    await sections.RESTORES.remove_rows(writer, removed)


async def find_contents(writer: Writer, project_ids: Sequence[int], section_ids: Sequence[int]) -> list[Row]:
    """Return the tasks in projects and in sections, with `project_id` and `section_id`."""
    found = await list_sections_by_ids(writer.session, writer.user_id, section_ids) if section_ids else []
    of_projects = await _tasks_of_projects(writer, project_ids) if project_ids else []
    return [*of_projects, *(await tasks_of_sections(writer, found))]


async def tasks_of_sections(writer: Writer, some: Sequence[SectionPublic]) -> list[Row]:
    """Return the ids of the tasks in sections, with `project_id` and `section_id`."""
    if not some:
        return []
    return await writer.session.fetch_all(
        statements.SELECT_TASKS_OF_SECTIONS,
        user_id=writer.user_id,
        project_ids=[section["project_id"] for section in some],
        section_ids=[section["id"] for section in some],
    )


async def _tasks_of_projects(writer: Writer, ids: Sequence[int]) -> list[Row]:
    return await writer.session.fetch_all(statements.SELECT_TASKS_OF_PROJECTS, user_id=writer.user_id, project_ids=ids)


async def _delete_tasks(writer: Writer, principal: Principal, rows: Sequence[Row], children: Children) -> None:
    """Delete the tasks of a container, unless they are kept. In both cases the principal needs the scope."""
    if rows:
        principal.require_scope("tasks:write")
    if children == "delete":
        await tasks.remove_tasks(writer, [Reverted(None, row["id"], {}) for row in rows])


async def _change_tasks(writer: Writer, rows: Sequence[Row], fields: dict[str, None]) -> None:
    """Change tasks of a container. If there are some, the principal needs the scope."""
    if rows:
        writer.principal.require_scope("tasks:write")
    await tasks.revert_tasks(writer, [Reverted(None, row["id"], fields) for row in rows])

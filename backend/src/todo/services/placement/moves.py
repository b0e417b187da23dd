"""Moves of tasks, projects, sections and filters within their lists (ADR 0064)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

from todo.core.database.session import Row, Session
from todo.core.database.statement import Statement
from todo.schemas.projects.move import Move, TaskMove
from todo.schemas.projects.project import ProjectPublic
from todo.schemas.projects.section import SectionPublic
from todo.schemas.saved_filter import FilterPublic
from todo.schemas.tasks.task import TaskPublic
from todo.services.filters import statements as filters
from todo.services.filters.service import get_filter, list_filters_by_ids
from todo.services.placement import statements
from todo.services.placement.errors import SiblingNotFoundError
from todo.services.projects import statements as projects
from todo.services.projects.service import get_project, list_projects_by_ids
from todo.services.sections import statements as sections
from todo.services.sections.containers import CONTAINER_FIELDS, Container, Containers, read_containers
from todo.services.sections.service import get_section, list_sections_by_ids
from todo.services.shared.log.change_base import based_on
from todo.services.shared.log.reverted import Reverted
from todo.services.shared.log.row_writes import RowWrites
from todo.services.shared.log.writer import Writer
from todo.services.shared.positions import END, START, Neighbour, Place, find_place
from todo.services.shared.versions import EntityTags, check_entity_tags
from todo.services.tasks.errors import TaskNotFoundError
from todo.services.tasks.restore import move_followers, revert_tasks
from todo.services.tasks.service import get_task, list_tasks_by_ids, place_task
from todo.services.tasks.write_statements import TASK

Sibling = Mapping[str, Any]
"""The resource beside a place."""


class OrderedRows(NamedTuple):
    """A type of rows that are moved within one list of the user, or of a container.

    Attributes:
        writes: the writes of the rows.
        get: returns a row.
        list_by_ids: returns the rows among some ids.
        queries: read the rows before and after a place.
        container: the field of the list that a row is in; None for one list of the user.
    """

    writes: RowWrites
    get: Callable[[Session, UUID, int], Awaitable[Any]]
    list_by_ids: Callable[[Session, UUID, Sequence[int]], Awaitable[Sequence[Any]]]
    queries: tuple[Statement, Statement]
    container: str | None = None


ORDERED_PROJECTS = OrderedRows(
    projects.WRITES, get_project, list_projects_by_ids, (statements.PROJECTS_BEFORE, statements.PROJECTS_AFTER)
)
ORDERED_FILTERS = OrderedRows(
    filters.WRITES, get_filter, list_filters_by_ids, (statements.FILTERS_BEFORE, statements.FILTERS_AFTER)
)
ORDERED_SECTIONS = OrderedRows(
    sections.WRITES,
    get_section,
    list_sections_by_ids,
    (statements.SECTIONS_BEFORE, statements.SECTIONS_AFTER),
    container="project_id",
)


async def move_project(
    writer: Writer, project_id: int, move: Move, entity_tags: EntityTags | None = None, base: int | None = None
) -> ProjectPublic:
    """Move a project within the list of all projects (ORD-001).

    Raises:
        ProjectNotFoundError: the project does not exist, or belongs to another user.
        SiblingNotFoundError: the project of `before` or `after` does not exist.
        PreconditionFailedError: the project has none of the entity tags.
        FieldConflictError: the project was moved after `base`.
    """
    return cast("ProjectPublic", await _move_row(ORDERED_PROJECTS, writer, project_id, move, entity_tags, base))


async def move_filter(
    writer: Writer, filter_id: int, move: Move, entity_tags: EntityTags | None = None, base: int | None = None
) -> FilterPublic:
    """Move a saved filter within the list of all filters (FIL-028).

    Raises:
        FilterNotFoundError: the filter does not exist, or belongs to another user.
        SiblingNotFoundError: the filter of `before` or `after` does not exist.
        PreconditionFailedError: the filter has none of the entity tags.
        FieldConflictError: the filter was moved after `base`.
    """
    return cast("FilterPublic", await _move_row(ORDERED_FILTERS, writer, filter_id, move, entity_tags, base))


async def move_section(
    writer: Writer, section_id: int, move: Move, entity_tags: EntityTags | None = None, base: int | None = None
) -> SectionPublic:
    """Move a section within its project (ORD-001).

    Raises:
        SectionNotFoundError: the section does not exist, or belongs to another user.
        SiblingNotFoundError: the section of `before` or `after` does not exist, or is in another project.
        PreconditionFailedError: the section has none of the entity tags.
        FieldConflictError: the section was moved after `base`.
    """
    return cast("SectionPublic", await _move_row(ORDERED_SECTIONS, writer, section_id, move, entity_tags, base))


async def _move_row(
    rows: OrderedRows, writer: Writer, row_id: int, move: Move, entity_tags: EntityTags | None, base: int | None
) -> Mapping[str, Any]:
    async def read() -> Mapping[str, Any]:
        row: Mapping[str, Any] = await rows.get(writer.session, writer.user_id, row_id)
        return row

    async with writer.transaction():
        row = await read()
        check_entity_tags(entity_tags, row)
        container = {} if rows.container is None else {rows.container: row[rows.container]}
        found = await rows.list_by_ids(writer.session, writer.user_id, _sibling_ids(move))
        found = [sibling for sibling in found if container.items() <= sibling.items()]
        place = await _find_place(writer, move, (row["position"], row_id), found, rows.queries, **container)
        async with based_on(base, writer, rows.writes.entity, read, {"position": place.key}):
            await rows.writes.reposition_rows(writer, {row_id: place.key, **place.moved})
            return await read()


async def move_task(
    writer: Writer, task_id: int, move: TaskMove, entity_tags: EntityTags | None = None, base: int | None = None
) -> TaskPublic:
    """Move a task within its container, or into another one (ORD-002).

    Raises:
        TaskNotFoundError: the task does not exist, or belongs to another user.
        SiblingNotFoundError: the task of `before` or `after` does not exist, or is elsewhere.
        ProjectNotFoundError: the project does not exist.
        SectionNotFoundError: the section does not exist, or is in another project.
        ParentNotFoundError: the parent does not exist.
        SubtaskFollowsParentError: the project or the section is not that of the parent.
        SubtaskCycleError: the parent is the task itself, or one of its subtasks.
        SubtasksTooDeepError: a subtask would be below the last level.
        PreconditionFailedError: the task has none of the entity tags.
        FieldConflictError: the task was moved after `base`.
    """

    async def read() -> TaskPublic:
        return await get_task(writer.session, writer.user_id, task_id)

    async with writer.transaction():
        siblings = _sibling_ids(move)
        rows = await list_tasks_by_ids(writer.session, writer.user_id, [task_id, *siblings])
        task = next((row for row in rows if row["id"] == task_id), None)
        if task is None:
            raise TaskNotFoundError
        check_entity_tags(entity_tags, task)
        found = [row for row in rows if row["id"] in siblings]
        stored = _container_of(task)
        fields = move.model_dump(include=CONTAINER_FIELDS)
        containers = await _read_containers(writer, task_id, stored, fields, found)
        container = _target_of(containers, fields, stored, found)
        containers.enter(task_id, container, stored)
        found = [sibling for sibling in found if _container_of(sibling) == container]
        own = (task["position"] if container == stored else "", task_id)
        ids = {name: value for name, value in container.list._asdict().items() if value is not None}
        before, after = (
            statements.select_task_neighbours(
                in_project="project_id" in ids,
                in_section="section_id" in ids,
                is_subtask="parent_id" in ids,
                after=after,
            )
            for after in (False, True)
        )
        place = await _find_place(writer, move, own, found, (before, after), **ids)
        if container == stored and not place.moved:
            return await place_task(writer, task_id, place.key, base)
        values = {**container._asdict(), "position": place.key}
        async with based_on(base, writer, TASK, read, values):
            neighbours = [Reverted(None, id_, {"position": key}) for id_, key in place.moved.items()]
            await revert_tasks(writer, [Reverted(None, task_id, values), *neighbours])
            await move_followers(writer, containers.tree)
            return await read()


def _container_of(task: TaskPublic) -> Container:
    return Container(task["project_id"], task["section_id"], task["parent_id"])


async def _read_containers(
    writer: Writer, task_id: int, stored: Container, fields: Mapping[str, object], found: Sequence[TaskPublic]
) -> Containers:
    """Return the containers that a move names, and the subtasks of the task if it comes into another one."""
    parents = [{"parent_id": sibling["parent_id"]} for sibling in found if _container_of(sibling) != stored]
    moved = [task_id] if fields or parents else []
    return await read_containers(writer.session, writer.user_id, [fields, *parents], moves=False, subtrees_of=moved)


def _target_of(
    containers: Containers, fields: Mapping[str, object], stored: Container, found: Sequence[TaskPublic]
) -> Container:
    """Return the container that a move names, or that of the task at the place.

    A move that names a project or a section alone takes a subtask out of its parent.
    """
    if fields:
        return containers.resolve({"parent_id": None, **fields}, stored)
    return _container_of(found[0]) if found else stored


def _sibling_ids(move: Move) -> list[int]:
    return [id_ for id_ in (move.before, move.after) if id_ is not None]


async def _find_place(
    writer: Writer,
    move: Move,
    own: Neighbour,
    found: Sequence[Sibling],
    queries: tuple[Statement, Statement],
    **values: object,
) -> Place:
    """Return the place of a move.

    Args:
        writer: is inside its transaction, so the list does not change.
        move: the place as the client names it.
        own: the key and the id of the moved row, as `find_place` expects them.
        found: the resource of `before` or `after`, if it is in the list.
        queries: read the rows before and after a place.
        values: the parameters of the list.

    Raises:
        SiblingNotFoundError: the resource of `before` or `after` is missing, or is the moved one itself.
    """
    anchor = START if move.first else END
    if _sibling_ids(move):
        if not found or found[0]["id"] == own[1]:
            raise SiblingNotFoundError
        anchor = (found[0]["position"], found[0]["id"])

    async def fetch(after: bool, neighbour: Neighbour, limit: int) -> Sequence[Row]:
        key, key_id = neighbour
        return await writer.session.fetch_all(
            queries[after], user_id=writer.user_id, id=own[1], key=key, key_id=key_id, limit=limit, **values
        )

    return await find_place(fetch, own, anchor, is_before=move.before is not None or anchor == END)

"""Tasks: create, read, list, change and delete them, and put tags on them."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from todo.core.database.session import Row, Session
from todo.core.errors import PreconditionFailedError
from todo.schemas.page import Page
from todo.schemas.tasks.query import TaskQuery
from todo.schemas.tasks.task import TaskPublic, TaskReplace, TaskUpdate
from todo.services.accounts.time_zones import get_time_zone
from todo.services.shared.lists import NEWEST_FIRST
from todo.services.shared.log.change_base import based_on
from todo.services.shared.log.writer import Writer
from todo.services.shared.versions import EntityTags, check_entity_tags, condition_values
from todo.services.tags.errors import TagNotFoundError
from todo.services.tags.references import TagLimits
from todo.services.tasks import statements, write_statements
from todo.services.tasks.date_filters import date_values, depends_on_zone
from todo.services.tasks.derived import TAGS_FIELD, search_values
from todo.services.tasks.errors import TaskNotFoundError, TooManyTagsOnTaskError
from todo.services.tasks.list_statements import (
    TASK_LISTING,
    read_row,
    select_filtered_page,
    select_page,
)
from todo.services.tasks.listing.filters import filter_of, filter_values
from todo.services.tasks.listing.term_values import needs_zone, term_values
from todo.services.tasks.placed import complete_values
from todo.services.tasks.tagging import statements as tag_statements
from todo.services.tasks.tagging.written import resolve_tags_of_task, set_tags
from todo.services.tasks.write_statements import TASK

UTC_ZONE = ZoneInfo("UTC")


async def list_tasks(session: Session, user_id: UUID, query: TaskQuery, now: datetime) -> Page[TaskPublic]:
    """Return a page of the user's tasks that match all filters, in one statement (FLT-001 to FLT-016).

    Filters by days need another statement, which reads the time zone of the account.

    Raises:
        InvalidTokenError: the user was deleted, and a filter needs the time zone.
        InvalidCursorError: the cursor is malformed, belongs to another sort, or comes with a page (CUR-004).
    """
    filters = filter_of(query)
    terms = () if query.filter is None else query.filter.terms
    has_days = depends_on_zone(query) or any(map(needs_zone, terms))
    zone = await get_time_zone(session, user_id) if has_days else UTC_ZONE
    values = {"user_id": user_id} | date_values(query, zone, now) | term_values(terms, zone, now)
    values |= filter_values(query, filters)
    select = partial(select_page, filters)
    if query.filter is not None:
        select = partial(select_filtered_page, filters, query.filter.expression)
    return await TASK_LISTING.fetch_page(session, query, query.sort or NEWEST_FIRST, select, **values)


async def get_task(session: Session, user_id: UUID, task_id: int) -> TaskPublic:
    """Return a task (TSK-011).

    Raises:
        TaskNotFoundError: the task does not exist, or belongs to another user (TSK-012, TSK-013).
    """
    return _read_row(await session.fetch_one(statements.SELECT_TASK, user_id=user_id, task_id=task_id))


async def get_task_with_counts(session: Session, user_id: UUID, task_id: int) -> TaskPublic:
    """Return a task, with the numbers of its direct subtasks if it has some (SUB-012).

    A task without subtasks is what its last write returned.

    Raises:
        TaskNotFoundError: the task does not exist, or belongs to another user (TSK-012, TSK-013).
    """
    return _read_row(await session.fetch_one(statements.SELECT_TASK_WITH_COUNTS, user_id=user_id, task_id=task_id))


async def list_tasks_after(session: Session, user_id: UUID, task_id: int, limit: int) -> list[TaskPublic]:
    """Return the user's next tasks in the order of their ids; with `task_id` 0 the first ones."""
    rows = await session.fetch_all(statements.SELECT_TASKS_AFTER, user_id=user_id, task_id=task_id, limit=limit)
    return [read_row(row) for row in rows]


async def list_tasks_by_ids(session: Session, user_id: UUID, ids: Sequence[int]) -> list[TaskPublic]:
    """Return the user's tasks among these ids, in any order."""
    rows = await session.fetch_all(statements.SELECT_TASKS_BY_IDS, user_id=user_id, ids=ids)
    return [read_row(row) for row in rows]


async def update_task(
    writer: Writer,
    task_id: int,
    changes: TaskReplace | TaskUpdate,
    limits: TagLimits,
    entity_tags: EntityTags | None = None,
    base: int | None = None,
) -> TaskPublic:
    """Write the fields that `changes` has, in one statement, and the tags in another (TSK-014, TSK-016, TGW-002).

    Concurrent changes of different fields are both kept. If they change the same field, the later change is kept. If
    every field has its value already, nothing is written (CHG-005).

    Raises:
        TaskNotFoundError: the task does not exist, or belongs to another user (TSK-015, TSK-017).
        ProjectNotFoundError: the user has no such project.
        SectionNotFoundError: the user has no such section, or it is in another project.
        ParentNotFoundError, SubtaskFollowsParentError, SubtaskCycleError, SubtasksTooDeepError: as for
            `Containers.move`.
        PreconditionFailedError: the task has none of the entity tags (VER-003).
        FieldConflictError: a field was changed after `base` (BAS-001).
        TagNotFoundError, TooManyTagsOnTaskError, TooManyTagsError, InsufficientScopeError: as for
            `resolve_tags_of_task`.
    """
    fields = changes.model_dump()
    references = fields.pop(TAGS_FIELD, None)
    if references is None:
        return await _write_fields(writer, task_id, fields, {}, entity_tags, base)
    async with writer.transaction():
        await get_task(writer.session, writer.user_id, task_id)
        tags = await resolve_tags_of_task(writer, references, limits)
        await _write_fields(writer, task_id, fields, {TAGS_FIELD: tags}, entity_tags, base)
        await set_tags(writer, {task_id: tags})
        return await get_task(writer.session, writer.user_id, task_id)


async def complete_task(
    writer: Writer, task_id: int, entity_tags: EntityTags | None = None, base: int | None = None
) -> TaskPublic:
    """Complete a task as a whole; the errors are those of `update_task` without tags."""
    return await _write_fields(writer, task_id, {"completed": True}, {}, entity_tags, base)


async def place_task(writer: Writer, task_id: int, position: str, base: int | None = None) -> TaskPublic:
    """Write the position of a task within its list (ORD-002).

    Raises:
        TaskNotFoundError: the task does not exist, or belongs to another user.
        FieldConflictError: the task was moved after `base`.
    """
    return await _write_fields(writer, task_id, {"position": position}, {}, None, base)


async def _write_fields(
    writer: Writer,
    task_id: int,
    fields: Mapping[str, object],
    other_values: Mapping[str, object],
    entity_tags: EntityTags | None,
    base: int | None,
) -> TaskPublic:
    """Write the columns of a task. `other_values` are written elsewhere, and compared with `base` here."""
    if not fields:
        async with _based_on(base if other_values else None, writer, task_id, other_values):
            task = await get_task(writer.session, writer.user_id, task_id)
            check_entity_tags(entity_tags, task)
            return task
    async with complete_values(writer, task_id, fields) as columns:
        write = write_statements.update_task(frozenset(columns), conditional=entity_tags is not None)
        values = columns | search_values(fields) | condition_values(entity_tags)
        async with _based_on(base, writer, task_id, {**columns, **other_values}):
            row = await writer.write_one(write, task_id=task_id, **values)
            if row is None and entity_tags is not None:
                raise PreconditionFailedError(await get_task(writer.session, writer.user_id, task_id))
    return _read_row(row)


async def delete_single_task(
    writer: Writer, task_id: int, entity_tags: EntityTags | None = None, base: int | None = None
) -> bool:
    """Delete a task with its links and return true, if it has no subtasks; the tags stay (TSK-018, ASC-008).

    Raises:
        TaskNotFoundError: the task does not exist, or belongs to another user (TSK-019, TSK-020).
        PreconditionFailedError: the task has none of the entity tags (VER-005).
        FieldConflictError: the task was changed after `base` (BAS-003).
    """
    write = write_statements.delete_task(conditional=entity_tags is not None)
    async with _based_on(base, writer, task_id, None):
        row = await writer.write_one(write, task_id=task_id, **condition_values(entity_tags))
        if row is None:
            raise PreconditionFailedError(await get_task(writer.session, writer.user_id, task_id))
        is_deleted: bool = row["is_changed"]
    return is_deleted


async def add_tag(writer: Writer, task_id: int, tag_id: int, *, max_tags: int) -> tuple[TaskPublic, bool]:
    """Add a tag to a task; return the task and whether it did not have the tag before (ASC-001, ASC-002).

    Raises:
        TaskNotFoundError: the task does not exist, or belongs to another user (ASC-004).
        TagNotFoundError: the tag does not exist, or belongs to another user (ASC-003, ASC-005).
        TooManyTagsOnTaskError: the task has `max_tags` other tags.
    """
    row = _check_tag(await writer.write_one(tag_statements.ADD_TAG, task_id=task_id, tag_id=tag_id, max_tags=max_tags))
    if row["is_full"]:
        raise TooManyTagsOnTaskError
    return await get_task(writer.session, writer.user_id, task_id), row["is_changed"]


async def remove_tag(writer: Writer, task_id: int, tag_id: int) -> None:
    """Remove a tag from a task; a task without the tag stays unchanged (ASC-006, ASC-007).

    Raises:
        TaskNotFoundError: the task does not exist, or belongs to another user.
        TagNotFoundError: the tag does not exist, or belongs to another user.
    """
    _check_tag(await writer.write_one(tag_statements.REMOVE_TAG, task_id=task_id, tag_id=tag_id))


def _based_on(
    base: int | None, writer: Writer, task_id: int, values: Mapping[str, object] | None
) -> AbstractAsyncContextManager[None]:
    return based_on(base, writer, TASK, lambda: get_task(writer.session, writer.user_id, task_id), values)


def _check_tag(row: Row | None) -> Row:
    """Check that the task of a row and the tag were found."""
    if row is None:
        raise TaskNotFoundError
    if not row["tag_found"]:
        raise TagNotFoundError
    return row


def _read_row(row: Row | None) -> TaskPublic:
    if row is None:
        raise TaskNotFoundError
    return read_row(row)

"""Tasks: what a user means to do, and which tags it carries."""

import re
from typing import cast
from uuid import UUID

from pydantic_core import from_json

from todo.core.clock import as_utc
from todo.core.database.session import Row, Session, Statement
from todo.core.errors import PreconditionFailedError
from todo.domain.identifiers import BIGINT_MAX, UNKNOWN_ID
from todo.domain.listing import InvalidCursorError
from todo.models.task import SEPARATOR
from todo.schemas.page import Page, make_page
from todo.schemas.tasks.cursor import read_cursor, write_cursor
from todo.schemas.tasks.task import TaskCreate, TaskPublic, TaskQuery, TaskReplace, TaskUpdate
from todo.services.shared.versions import Versions
from todo.services.tags.service import TagNotFoundError
from todo.services.tasks import list_statements as task_list_queries
from todo.services.tasks import statements as task_queries
from todo.services.tasks.list_statements import NEWEST_FIRST, PRIORITY_RANKS, ListShape
from todo.services.tasks.statements import TaskNotFoundError

TAG_ID_TEXT = re.compile(r"[0-9]{1,18}")
"""Digits that a bigint holds for certain; identity columns do not reach further."""


async def create_task(session: Session, user_id: UUID, task: TaskCreate) -> tuple[TaskPublic, bool]:
    """Add a task; return it and whether it is new (TSK-001).

    With an `external_id` that a task of the user's has already, that task is returned as it is, so that a client may
    ask again for ever; of two at once one creates it (EXT-001, EXT-002).

    Raises:
        InvalidTokenError: the user is gone.
    """
    statement = task_queries.INSERT_TASK if task.external_id is None else task_queries.INSERT_TASK_ONCE
    row = await session.fetch_one(statement, user_id=user_id, **task.model_dump())
    created = _found(row)
    assert row is not None
    if not row["created"] and row["seen"] != created["version"]:
        return await get_task(session, user_id, created["id"]), False
    return created, row["created"]


async def list_tasks(session: Session, user_id: UUID, query: TaskQuery) -> Page[TaskPublic]:
    """Return a page of the user's tasks that match every filter (FLT-001 to FLT-016); one statement.

    Raises:
        InvalidCursorError: the cursor is not one of a list in this order, or comes with a page (CUR-004).
    """
    sort = query.sort or NEWEST_FIRST
    last_seen = None if query.cursor is None else read_cursor(query.cursor, sort)
    if last_seen is not None and query.page != 1:
        raise InvalidCursorError
    # One more than is shown tells whether there are more; a total tells it too.
    counted = query.total and last_seen is None
    rows = await session.fetch_all(
        task_list_queries.select_page(_shape_of(query, sort)),
        user_id=user_id,
        limit=query.limit if counted else query.limit + 1,
        offset=min((query.page - 1) * query.limit, BIGINT_MAX),
        contains=_as_pattern(query.q),
        priority_rank=PRIORITY_RANKS.get(query.priority or ""),
        tag_name=query.tag,
        tag_id=_as_id(query.tag),
        external_id=query.external_id,
        after=last_seen and last_seen.after,
        after_id=last_seen and last_seen.after_id,
    )
    total: int | None = rows[0]["total"] if query.total else None
    items = [read_row(row) for row in rows[: query.limit] if row["id"] is not None]
    has_more = query.page * query.limit < (total or 0) if counted else len(rows) > query.limit
    return make_page(
        items,
        total=total,
        page=query.page if last_seen is None else None,
        limit=query.limit,
        next_cursor=write_cursor(sort, items[-1]) if items and has_more else None,
    )


def _shape_of(query: TaskQuery, sort: str) -> ListShape:
    return ListShape(
        searches=query.q != "",
        status=query.status,
        has_priority=query.priority is not None,
        has_tag=query.tag != "",
        has_external_id=query.external_id is not None,
        sort=sort,
        counts=query.total,
        skips=query.page > 1,
        continues=query.cursor is not None,
        spans=SEPARATOR in query.q,
    )


async def get_task(session: Session, user_id: UUID, task_id: int) -> TaskPublic:
    """Return one of the user's tasks (TSK-011).

    Raises:
        TaskNotFoundError: there is none, or it is somebody else's; a caller cannot tell which (TSK-012, TSK-013).
    """
    return _found(await session.fetch_one(task_queries.SELECT_TASK, user_id=user_id, task_id=task_id))


async def list_tasks_after(session: Session, user_id: UUID, task_id: int, limit: int) -> list[TaskPublic]:
    """Return the user's next tasks by id, for who reads them all; 0 begins."""
    rows = await session.fetch_all(task_queries.SELECT_TASKS_AFTER, user_id=user_id, task_id=task_id, limit=limit)
    return [read_row(row) for row in rows]


async def update_task(
    session: Session,
    user_id: UUID,
    task_id: int,
    changes: TaskReplace | TaskUpdate,
    versions: Versions | None = None,
) -> TaskPublic:
    """Write the fields that `changes` has, all of them or some, in one statement (TSK-014, TSK-016).

    Two that change different fields at once both hold; of two that change the same field the later one does.

    Raises:
        TaskNotFoundError: as for `get_task` (TSK-015, TSK-017).
        PreconditionFailedError: its version is none of `versions` (VER-003).
    """
    values = changes.model_dump()
    if not values:
        task = await get_task(session, user_id, task_id)
        if versions is not None and task["version"] not in versions:
            raise PreconditionFailedError(task)
        return task
    statement = task_queries.update_task(frozenset(values), conditional=versions is not None)
    row = await session.fetch_one(statement, user_id=user_id, task_id=task_id, versions=versions, **values)
    if row is None and versions is not None:
        raise PreconditionFailedError(await get_task(session, user_id, task_id))
    task = _found(row)
    # It waited for another write: its tags may be those of before that.
    return task if row is None or row["seen"] == task["version"] - 1 else await get_task(session, user_id, task_id)


async def delete_task(session: Session, user_id: UUID, task_id: int, versions: Versions | None = None) -> None:
    """Delete a task and its links; the tags stay (TSK-018, ASC-008).

    Raises:
        TaskNotFoundError: as for `get_task` (TSK-019, TSK-020).
        PreconditionFailedError: its version is none of `versions` (VER-005).
    """
    statement = task_queries.DELETE_TASK if versions is None else task_queries.DELETE_TASK_IF
    if await session.fetch_one(statement, user_id=user_id, task_id=task_id, versions=versions) is None:
        raise PreconditionFailedError(await get_task(session, user_id, task_id))


async def create_link(session: Session, user_id: UUID, task_id: int, tag_id: int) -> tuple[TaskPublic, bool]:
    """Tag a task; return it and whether the tag is new to it (ASC-001, ASC-002).

    Raises:
        TaskNotFoundError: there is no such task of the user's (ASC-004).
        TagNotFoundError: there is no such tag of the user's (ASC-003, ASC-005).
    """
    changed = await _write_link(session, task_queries.INSERT_LINK, user_id, task_id, tag_id)
    return await get_task(session, user_id, task_id), changed


async def delete_link(session: Session, user_id: UUID, task_id: int, tag_id: int) -> None:
    """Take a tag off a task, whether it was on it or not (ASC-006, ASC-007).

    Raises:
        TaskNotFoundError: there is no such task of the user's.
        TagNotFoundError: there is no such tag of the user's.
    """
    await _write_link(session, task_queries.DELETE_LINK, user_id, task_id, tag_id)


async def _write_link(session: Session, statement: Statement, user_id: UUID, task_id: int, tag_id: int) -> bool:
    """Make or take away a link and return whether that changed anything."""
    outcome = await session.fetch_one(statement, user_id=user_id, task_id=task_id, tag_id=tag_id)
    if outcome is None or not outcome["task_found"]:
        raise TaskNotFoundError
    if not outcome["tag_found"]:
        raise TagNotFoundError
    changed: bool = outcome["changed"]
    return changed


def _found(row: Row | None) -> TaskPublic:
    if row is None:
        raise TaskNotFoundError
    return read_row(row)


def read_row(row: Row) -> TaskPublic:
    """Return the task that a row holds, which may hold more."""
    task = cast("TaskPublic", dict(row))
    task["tags"] = from_json(row["tags"])
    if task["due_date"] is not None and task["due_date"].tzinfo is None:
        task["due_date"] = as_utc(task["due_date"])
    return task


def _as_pattern(text: str) -> str:
    """Return the LIKE pattern for `contains this text`, its wildcards taken literally (FLT-007)."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


def _as_id(text: str) -> int:
    """Return the id that a tag filter may mean, or one that no tag has (FLT-005, FLT-006)."""
    return int(text) if TAG_ID_TEXT.fullmatch(text) else UNKNOWN_ID

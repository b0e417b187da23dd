"""Tasks: what a user means to do, and which tags it carries."""

import re
from uuid import UUID

from pydantic_core import from_json

from todo.core.database import Row, Session, Statement
from todo.core.types import BIGINT_MAX, UNKNOWN_ID
from todo.schemas.page import Page
from todo.schemas.task import TaskCreate, TaskPublic, TaskQuery, TaskReplace, TaskUpdate
from todo.services import task_queries
from todo.services.tag_service import TagNotFoundError
from todo.services.task_queries import PRIORITY_RANKS, ListShape, TaskNotFoundError

TAG_ID_TEXT = re.compile(r"[0-9]{1,18}")
"""Digits that a bigint holds for certain; identity columns do not reach further."""


async def create_task(session: Session, user_id: UUID, task: TaskCreate) -> TaskPublic:
    """Add a task (TSK-001).

    Raises:
        InvalidTokenError: the user is gone.
    """
    row = await session.fetch_one(task_queries.INSERT_TASK, user_id=user_id, **task.model_dump())
    return _found(row)


async def list_tasks(session: Session, user_id: UUID, query: TaskQuery) -> Page[TaskPublic]:
    """Return a page of the user's tasks that match every filter (FLT-001 to FLT-016); one statement."""
    shape = ListShape(
        searches=query.q != "",
        status=query.status,
        has_priority=query.priority is not None,
        has_tag=query.tag != "",
        sort=query.sort,
    )
    rows = await session.fetch_all(
        task_queries.select_page(shape),
        user_id=user_id,
        limit=query.limit,
        offset=min((query.page - 1) * query.limit, BIGINT_MAX),
        contains=_as_pattern(query.q),
        priority_rank=PRIORITY_RANKS.get(query.priority or ""),
        tag_name=query.tag,
        tag_id=_as_id(query.tag),
    )
    items = [_public(row) for row in rows if row["id"] is not None]
    return Page[TaskPublic].of(items, rows[0]["total"], query.page, query.limit)


async def get_task(session: Session, user_id: UUID, task_id: int) -> TaskPublic:
    """Return one of the user's tasks (TSK-011).

    Raises:
        TaskNotFoundError: there is none, or it is somebody else's; a caller cannot tell which (TSK-012, TSK-013).
    """
    return _found(await session.fetch_one(task_queries.SELECT_TASK, user_id=user_id, task_id=task_id))


async def update_task(session: Session, user_id: UUID, task_id: int, changes: TaskReplace | TaskUpdate) -> TaskPublic:
    """Write the fields that `changes` has, all of them or some, in one statement (TSK-014, TSK-016).

    Two that change different fields at once both hold; of two that change the same field the later one does.

    Raises:
        TaskNotFoundError: as for `get_task` (TSK-015, TSK-017).
    """
    values = changes.model_dump()
    if not values:
        return await get_task(session, user_id, task_id)
    statement = task_queries.update_task(frozenset(values))
    return _found(await session.fetch_one(statement, user_id=user_id, task_id=task_id, **values))


async def delete_task(session: Session, user_id: UUID, task_id: int) -> None:
    """Delete a task and its links; the tags stay (TSK-018, ASC-008).

    Raises:
        TaskNotFoundError: as for `get_task` (TSK-019, TSK-020).
    """
    if await session.fetch_one(task_queries.DELETE_TASK, user_id=user_id, task_id=task_id) is None:
        raise TaskNotFoundError


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
    return _public(row)


def _public(row: Row) -> TaskPublic:
    return TaskPublic.model_validate({**row, "tags": from_json(row["tags"])})


def _as_pattern(text: str) -> str:
    """Return the ILIKE pattern for `contains this text`, its wildcards taken literally (FLT-007)."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


def _as_id(text: str) -> int:
    """Return the id that a tag filter may mean, or one that no tag has (FLT-005, FLT-006)."""
    return int(text) if TAG_ID_TEXT.fullmatch(text) else UNKNOWN_ID

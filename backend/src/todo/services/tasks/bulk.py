"""Bulk writes of tasks: one transaction, and the same number of statements for 1000 items as for ten."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from todo.core.database.session import Session
from todo.core.database.statement import Statement
from todo.core.errors import InvalidItemsError, PreconditionFailedError, Problem
from todo.domain.bulk import DuplicateItemError
from todo.domain.identifiers import UNKNOWN_ID
from todo.schemas.error import FieldError
from todo.schemas.tasks.bulk import (
    CreateItem,
    DeleteItem,
    InvalidItem,
    ItemError,
    ItemResult,
    TaskBulk,
    TaskBulkPublic,
    UpdateItem,
    read_item,
)
from todo.schemas.tasks.task import TaskPublic
from todo.services.authentication import InvalidTokenError
from todo.services.shared.locks import LOCK_USER
from todo.services.tasks import bulk_statements as statements
from todo.services.tasks.derived import SEARCHED_FIELDS, column_values, search_values
from todo.services.tasks.errors import TaskNotFoundError
from todo.services.tasks.list_statements import read_row

Items = Mapping[int, object]
"""Items by their index in the request."""
Problems = dict[int, list[Problem]]
"""Problems of items by index; the first one decides the status."""
Outcomes = dict[int, tuple[int, int]]
"""Status and task id of items by index."""
CREATED = 201
VALIDATED_AT_ONCE = 50
"""Items validated before other requests run: a long recurrence rule takes a millisecond."""


async def write_tasks(session: Session, user_id: UUID, bulk: TaskBulk) -> TaskBulkPublic:
    """Create, update and delete tasks; return a result for each item, in the order of the items (BLK-001 to BLK-009).

    All tasks that the request names are locked first, so no concurrent change comes between check and write.

    Raises:
        InvalidItemsError: the request is atomic and has invalid items; nothing was written.
        InvalidTokenError: the user was deleted.
    """
    items = await validate_items(bulk.items)
    problems = _find_problems(items)
    async with session.transaction() as transaction:
        # Bulk requests of one user run one after the other, so they cannot deadlock.
        if await transaction.fetch_one(LOCK_USER, user_id=user_id) is None:
            raise InvalidTokenError
        outcomes = await _lock_and_check(transaction, user_id, items, problems)
        if bulk.atomic and problems:
            first = {index: outcome for index, outcome in outcomes.items() if index == min(problems)}
            [current, *_] = [*(await _read_tasks(transaction, user_id, first)).values(), None]
            raise InvalidItemsError(_with_item_paths(problems), current)
        valid = {index: item for index, item in items.items() if index not in problems}
        outcomes |= await _update(transaction, user_id, valid)
        outcomes |= await _delete(transaction, user_id, valid)
        outcomes |= await _create(transaction, user_id, valid)
        tasks = await _read_tasks(transaction, user_id, outcomes)
    results = []
    for index in items:
        status, task_id = outcomes[index] if index in outcomes else (problems[index][0].status, None)
        error = _describe(problems[index]) if index in problems else None
        results.append(ItemResult(status=status, task=tasks.get(task_id), error=error))
    return TaskBulkPublic(results=results)


async def validate_items(items: list[object]) -> Items:
    """Return the items by index; an invalid one is an `InvalidItem`."""
    validated: dict[int, object] = {}
    for index, item in enumerate(items):
        validated[index] = read_item(item)
        if (index + 1) % VALIDATED_AT_ONCE == 0:
            await asyncio.sleep(0)
    return validated


def _find_problems(items: Items) -> Problems:
    """Return the problems of items that need no query: invalid ones and duplicates (BLK-005)."""
    problems: Problems = {}
    seen: set[int] = set()
    for index, item in items.items():
        if isinstance(item, InvalidItem):
            problems[index] = item.problems
        elif isinstance(item, UpdateItem | DeleteItem):
            if item.id in seen:
                problems[index] = [Problem.of(DuplicateItemError, "id")]
            elif item.id != UNKNOWN_ID:
                seen.add(item.id)
    return problems


async def _lock_and_check(session: Session, user_id: UUID, items: Items, problems: Problems) -> Outcomes:
    """Lock all named tasks, add the problems of unknown tasks and changed versions, and return the changed ones."""
    targets = {
        index: item
        for index, item in items.items()
        if isinstance(item, UpdateItem | DeleteItem) and index not in problems
    }
    ids = [item.id for item in targets.values()]
    external_ids = [item.task.external_id for item in items.values() if isinstance(item, CreateItem)]
    if not ids and not any(external_ids):
        return {}
    rows = await session.fetch_all(statements.LOCK_TASKS, user_id=user_id, id=ids, external_id=external_ids)
    versions = {row["id"]: row["version"] for row in rows}
    ids_by_external_id = {row["external_id"]: row["id"] for row in rows if row["external_id"] is not None}
    created = _first_creates(items, ids_by_external_id)
    failed: Outcomes = {}
    for index, item in targets.items():
        if item.id not in versions:
            problems[index] = [Problem.of(TaskNotFoundError)]
        elif isinstance(item, DeleteItem) and created.get(item.id, index) < index:
            # Deletions run before creates, so the create would make a new task.
            problems[index] = [Problem.of(DuplicateItemError, "id")]
        elif item.version is not None and item.version != versions[item.id]:
            problems[index] = [Problem.of(PreconditionFailedError)]
            failed[index] = (PreconditionFailedError.status, item.id)
    return failed


def _first_creates(items: Items, ids_by_external_id: Mapping[str, int]) -> dict[int, int]:
    """Return the index of the first create that names each existing task by its external id."""
    first: dict[int, int] = {}
    for index, item in items.items():
        if isinstance(item, CreateItem) and item.task.external_id is not None:
            task_id = ids_by_external_id.get(item.task.external_id)
            if task_id is not None:
                first.setdefault(task_id, index)
    return first


async def _update(session: Session, user_id: UUID, items: Items) -> Outcomes:
    updates = {index: item for index, item in items.items() if isinstance(item, UpdateItem)}
    changes = {item.id: fields for item in updates.values() if (fields := item.changes.model_dump())}
    if changes:
        rows = [column_values(fields) for fields in changes.values()]
        arrays: dict[str, list[object]] = {"id": [*changes]}
        for name in statements.UPDATED_COLUMNS:
            arrays[f"has_{name}"] = [name in row for row in rows]
            arrays[name] = [row.get(name) for row in rows]
        await session.fetch_all(statements.UPDATE_TASKS, user_id=[user_id] * len(changes), **arrays)
        await _write_searches(session, statements.UPDATE_SEARCHES, user_id, changes)
    return {index: (200, item.id) for index, item in updates.items()}


async def _write_searches(
    session: Session, statement: Statement, user_id: UUID, tasks: Mapping[int, Mapping[str, object]]
) -> None:
    """Write the folded texts of tasks by id; tasks without a searched field are skipped."""
    texts = {task_id: values for task_id, fields in tasks.items() if (values := search_values(fields))}
    if texts:
        arrays = {name: [values.get(name) for values in texts.values()] for name in SEARCHED_FIELDS.values()}
        await session.fetch_all(statement, user_id=[user_id] * len(texts), id=[*texts], **arrays)


async def _delete(session: Session, user_id: UUID, items: Items) -> Outcomes:
    deletions = {index: item.id for index, item in items.items() if isinstance(item, DeleteItem)}
    if deletions:
        await session.fetch_all(statements.DELETE_TASKS, user_id=user_id, id=[*deletions.values()])
    return {index: (204, task_id) for index, task_id in deletions.items()}


async def _create(session: Session, user_id: UUID, items: Items) -> Outcomes:
    """Create tasks; of several items with one external id the first creates it (BLK-006)."""
    creations = {index: item.task for index, item in items.items() if isinstance(item, CreateItem)}
    first: dict[str, int] = {}
    for index, task in creations.items():
        if task.external_id is not None:
            first.setdefault(task.external_id, index)
    unnamed = [index for index, task in creations.items() if task.external_id is None]
    inserted = sorted([*unnamed, *first.values()])
    if not inserted:
        return {}
    rows_by_index = {index: column_values(creations[index].model_dump()) for index in inserted}
    arrays = {name: [row[name] for row in rows_by_index.values()] for name in statements.CREATED_COLUMNS}
    rows = await session.fetch_all(statements.INSERT_TASKS, user_id=user_id, **arrays)
    new_ids = iter(sorted(row["id"] for row in rows if row["external_id"] is None))
    outcomes = {index: (CREATED, next(new_ids)) for index in unnamed}
    named = {row["external_id"]: row for row in rows}
    for index, task in creations.items():
        if task.external_id is not None:
            row = named[task.external_id]
            is_new = row["created"] and first[task.external_id] == index
            outcomes[index] = (CREATED if is_new else 200, row["id"])
    created = {task_id: rows_by_index[index] for index, (status, task_id) in outcomes.items() if status == CREATED}
    await _write_searches(session, statements.INSERT_SEARCHES, user_id, created)
    return outcomes


async def _read_tasks(session: Session, user_id: UUID, outcomes: Outcomes) -> dict[int | None, TaskPublic]:
    """Return the tasks of the outcomes by id, as they are now; deleted ones are absent."""
    ids = sorted({task_id for _, task_id in outcomes.values()})
    rows = await session.fetch_all(statements.SELECT_TASKS, user_id=user_id, id=ids) if ids else []
    return {row["id"]: read_row(row) for row in rows}


def _with_item_paths(problems: Problems) -> list[Problem]:
    """Return all problems in the order of the items, with the path of the item before the field."""
    return [
        problem._replace(field=f"items.{index}.{problem.field}".removesuffix("."))
        for index in sorted(problems)
        for problem in problems[index]
    ]


def _describe(problems: list[Problem]) -> ItemError:
    first = problems[0]
    error = ItemError(detail=first.detail, code=first.code)
    if first.field:
        error["errors"] = [FieldError(field=field, detail=detail, code=code) for _, field, detail, code in problems]
    return error

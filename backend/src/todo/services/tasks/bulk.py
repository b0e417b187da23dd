"""Bulk writes of tasks: one transaction, and the same number of statements for 1000 items as for ten."""

import asyncio
from collections.abc import Mapping

from todo.core.database.session import Row
from todo.core.errors import FieldConflictError, InvalidItemsError, PreconditionFailedError, Problem
from todo.domain.bulk import DuplicateItemError
from todo.domain.changes import InvalidChangeBaseError
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
from todo.services.shared.log.change_base import BasedWrite, find_conflicts, read_clock
from todo.services.shared.log.reverted import Reverted
from todo.services.shared.log.writer import Writer
from todo.services.tags.references import TagLimits
from todo.services.tasks import bulk_statements as statements
from todo.services.tasks.bulk_targets import (
    Targets,
    columns_of,
    named_tasks,
    place_tasks,
    read_targets,
)
from todo.services.tasks.derived import TAGS_FIELD
from todo.services.tasks.errors import TaskNotFoundError
from todo.services.tasks.list_statements import read_row
from todo.services.tasks.restore import move_followers, remove_trees, update_searches
from todo.services.tasks.tagging.bulk import (
    Items,
    Outcomes,
    Problems,
    read_tags,
    tag_references,
    write_tags,
)
from todo.services.tasks.tagging.written import shown_tags
from todo.services.tasks.trees.creation import create_tasks
from todo.services.tasks.trees.nesting import VALIDATED_AT_ONCE, read_nesting
from todo.services.tasks.write_statements import TASK


async def write_tasks(writer: Writer, bulk: TaskBulk, limits: TagLimits) -> TaskBulkPublic:
    """Create, update and delete tasks; return a result for each item, in the order of the items (BLK-001 to BLK-009).

    The user's change clock is locked first, so no concurrent change comes between check and write.

    Raises:
        InvalidItemsError: the request is atomic and has invalid items; nothing was written.
        InvalidTokenError: the user was deleted.
    """
    items = await validate_items(bulk.items)
    return TaskBulkPublic(results=await write_items(writer, items, limits, atomic=bulk.atomic))


async def write_items(writer: Writer, items: dict[int, object], limits: TagLimits, *, atomic: bool) -> list[ItemResult]:
    """Write validated items; return a result for each. The subtasks in their bodies are added to the items.

    Raises:
        InvalidItemsError: `atomic` is true and there are invalid items; nothing was written.
        TooManySubtasksError: the items have too many subtasks.
        InvalidTokenError: the user was deleted.
    """
    indexes = [*items]
    problems = _find_problems(items)
    nesting = await read_nesting(items, problems)
    async with writer.transaction():
        targets = await read_targets(writer, items, problems, nesting)
        outcomes = _check_targets(items, problems, targets)
        place_tasks(items, problems, targets, nesting)
        placed = {*problems}
        tags = await read_tags(writer, targets.written(items), problems, limits)
        nesting.settle(problems)
        outcomes |= await _check_bases(writer, items, problems, targets, tags)
        if problems.keys() - placed:
            place_tasks(items, problems, targets, nesting)
        if atomic and problems:
            first = {index: outcome for index, outcome in outcomes.items() if index == min(problems)}
            [current, *_] = [*(await _read_tasks(writer, first)).values(), None]
            raise InvalidItemsError(_with_item_paths(problems), current)
        valid = {index: item for index, item in items.items() if index not in problems}
        outcomes |= await _update(writer, valid, targets)
        await move_followers(writer, targets.placed.tree)
        outcomes |= await _delete(writer, valid, targets)
        new_outcomes, created = await create_tasks(writer, valid, targets)
        outcomes |= new_outcomes
        await write_tags(writer, valid, outcomes, tags)
        shown = {index: outcomes[index] for index in indexes if index in outcomes}
        tasks = await _read_tasks(writer, shown, created)
    results = []
    for index in indexes:
        status, task_id = outcomes[index] if index in outcomes else (problems[index][0].status, None)
        error = _describe(problems[index]) if index in problems else None
        results.append(ItemResult(status=status, task=tasks.get(task_id or UNKNOWN_ID), error=error))
    return results


async def validate_items(items: list[object]) -> dict[int, object]:
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


def _check_targets(items: Items, problems: Problems, targets: Targets) -> Outcomes:
    """Add the problems of unknown tasks and changed versions, and return the items with a changed version."""
    created = _first_creates(items, targets.ids)
    failed: Outcomes = {}
    for index, item in named_tasks(items, problems).items():
        if item.id not in targets.versions:
            problems[index] = [Problem.of(TaskNotFoundError)]
        elif isinstance(item, DeleteItem) and created.get(item.id, index) < index:
            # Deletions run before creates, so the create would make a new task.
            problems[index] = [Problem.of(DuplicateItemError, "id")]
        elif item.version is not None and item.version != targets.versions[item.id]:
            problems[index] = [Problem.of(PreconditionFailedError)]
            failed[index] = (PreconditionFailedError.status, item.id)
    return failed


async def _check_bases(
    writer: Writer, items: Items, problems: Problems, targets: Targets, tags: Mapping[int | str, Row]
) -> Outcomes:
    """Add the problems of items whose fields were changed after their base, and return these items (BAS-004)."""
    based = {index: item for index, item in named_tasks(items, problems).items() if item.base is not None}
    if not based:
        return {}
    clock = await read_clock(writer)
    current = await _read_tasks(writer, {index: (0, item.id) for index, item in based.items()})
    writes = []
    for index, item in based.items():
        assert item.base is not None
        if item.base > clock.seq:
            problems[index] = [Problem.of(InvalidChangeBaseError, "base")]
        else:
            values: dict[str, object] | None = None
            if isinstance(item, UpdateItem):
                references = tag_references(item)
                shown = {} if references is None else {TAGS_FIELD: shown_tags(references, tags)}
                values = columns_of(item, targets) | shown
            writes.append(BasedWrite(item.id, item.base, values))
    conflicts = await find_conflicts(writer, TASK, writes, current, clock.swept_seq)
    failed: Outcomes = {}
    for index, item in based.items():
        if item.id in conflicts:
            prefix = "changes." if isinstance(item, UpdateItem) else ""
            problems[index] = [Problem.of(FieldConflictError, f"{prefix}{field}") for field in conflicts[item.id]]
            failed[index] = (FieldConflictError.status, item.id)
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


async def _update(writer: Writer, items: Items, targets: Targets) -> Outcomes:
    updates = {index: item for index, item in items.items() if isinstance(item, UpdateItem)}
    changes = {item.id: columns for item in updates.values() if (columns := columns_of(item, targets))}
    if changes:
        rows = [*changes.values()]
        arrays: dict[str, list[object]] = {"id": [*changes]}
        for name in statements.UPDATED_COLUMNS:
            arrays[f"has_{name}"] = [name in row for row in rows]
            arrays[name] = [row.get(name) for row in rows]
        owners = [writer.user_id] * len(changes)
        await writer.write_all(statements.UPDATE_TASKS, owner_id=owners, undoes=[None] * len(changes), **arrays)
        await update_searches(writer, changes)
    return {index: (200, item.id) for index, item in updates.items()}


async def _delete(writer: Writer, items: Items, targets: Targets) -> Outcomes:
    deletions = {index: item.id for index, item in items.items() if isinstance(item, DeleteItem)}
    if deletions:
        removed = [Reverted(None, task_id, {}) for task_id in targets.deleted]
        await remove_trees(writer, removed, targets.placed.tree.parents_of(targets.deleted))
    return {index: (204, task_id) for index, task_id in deletions.items()}


async def _read_tasks(
    writer: Writer, outcomes: Outcomes, known: Mapping[int, Row] | None = None
) -> dict[int, TaskPublic]:
    """Return the tasks of the outcomes by id, as they are now; deleted ones are absent. `known` are rows by id."""
    known = known or {}
    ids = {task_id for _, task_id in outcomes.values()}
    rows = [known[task_id] for task_id in ids & known.keys()]
    if unknown := sorted(ids - known.keys()):
        rows += await writer.session.fetch_all(statements.SELECT_TASKS, user_id=writer.user_id, id=unknown)
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
        error["errors"] = [FieldError(**problem.describe()) for problem in problems]
    return error

"""Many writes of tasks at once: in one transaction, with as many statements for a thousand as for ten."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from todo.core.database.session import Session
from todo.core.errors import ItemsRefusedError, PreconditionFailedError, Refusal
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
from todo.services.tasks.bulk_statements import (
    CHANGED,
    DELETE_TASKS,
    INSERT_TASKS,
    LOCK_OWNER,
    LOCK_TASKS,
    SELECT_TASKS,
    UPDATE_TASKS,
    WRITTEN,
)
from todo.services.tasks.service import read_row
from todo.services.tasks.statements import TaskNotFoundError

Items = Mapping[int, object]
"""Items by their place in the request."""
Refused = dict[int, list[Refusal]]
"""Why an item is not done, by its place."""
Outcome = dict[int, tuple[int, int]]
"""What became of an item, by its place: a status, and the id of its task."""
READ_AT_ONCE = 50
"""Items, before other requests have their turn: a long recurrence rule takes a millisecond to read."""


async def write_tasks(session: Session, user_id: UUID, bulk: TaskBulk) -> TaskBulkPublic:
    """Do what the items say and return what became of each, in their order (BLK-001 to BLK-009).

    The tasks are locked before anything is decided, so that no change slips between.

    Raises:
        ItemsRefusedError: some cannot be done, and it was to be all or nothing; nothing was written.
        InvalidTokenError: the user is gone.
    """
    items = await read_items(bulk.items)
    refused = _find_faults(items)
    async with session.transaction() as together:
        if await together.fetch_one(LOCK_OWNER, user_id=user_id) is None:
            raise InvalidTokenError
        outcome = await _refuse_what_is_not_there(together, user_id, items, refused)
        if bulk.atomic and refused:
            stale = {place: task for place, task in outcome.items() if place == min(refused)}
            [current, *_] = [*(await _read(together, user_id, stale)).values(), None]
            raise ItemsRefusedError(_name_items(refused), current)
        accepted = {place: item for place, item in items.items() if place not in refused}
        outcome |= await _update(together, user_id, accepted)
        outcome |= await _delete(together, user_id, accepted)
        outcome |= await _create(together, user_id, accepted)
        tasks = await _read(together, user_id, outcome)
    results = []
    for place in items:
        status, task_id = outcome[place] if place in outcome else (refused[place][0].status, None)
        error = _describe(refused[place]) if place in refused else None
        results.append(ItemResult(status=status, task=tasks.get(task_id), error=error))
    return TaskBulkPublic(results=results)


async def read_items(given: list[object]) -> Items:
    """Return the items by their place; one that is not valid is an InvalidItem."""
    items: dict[int, object] = {}
    for place, value in enumerate(given, 1):
        items[place - 1] = read_item(value)
        if place % READ_AT_ONCE == 0:
            await asyncio.sleep(0)
    return items


def _find_faults(items: Items) -> Refused:
    """Return what is wrong with items by themselves, or beside each other (BLK-005)."""
    refused: Refused = {}
    seen: set[int] = set()
    for place, item in items.items():
        if isinstance(item, InvalidItem):
            refused[place] = item.refusals
        elif isinstance(item, UpdateItem | DeleteItem):
            if item.id in seen:
                refused[place] = [Refusal.of(DuplicateItemError, "id")]
            elif item.id != UNKNOWN_ID:
                seen.add(item.id)
    return refused


async def _refuse_what_is_not_there(session: Session, user_id: UUID, items: Items, refused: Refused) -> Outcome:
    """Lock the tasks that are met; refuse what is about tasks that are not there, or about other versions of them."""
    targets = {
        place: item
        for place, item in items.items()
        if isinstance(item, UpdateItem | DeleteItem) and place not in refused
    }
    ids = [item.id for item in targets.values()]
    external_ids = [item.task.external_id for item in items.values() if isinstance(item, CreateItem)]
    if not ids and not any(external_ids):
        return {}
    rows = await session.fetch_all(LOCK_TASKS, user_id=user_id, id=ids, external_id=external_ids)
    versions = {row["id"]: row["version"] for row in rows}
    stale: Outcome = {}
    for place, item in targets.items():
        if item.id not in versions:
            refused[place] = [Refusal.of(TaskNotFoundError)]
        elif item.version is not None and item.version != versions[item.id]:
            refused[place] = [Refusal.of(PreconditionFailedError)]
            stale[place] = (PreconditionFailedError.status, item.id)
    return stale


async def _update(session: Session, user_id: UUID, items: Items) -> Outcome:
    updates = {place: item for place, item in items.items() if isinstance(item, UpdateItem)}
    changes = {item.id: fields for item in updates.values() if (fields := item.changes.model_dump())}
    if changes:
        arrays: dict[str, list[object]] = {"id": [*changes]}
        for name in CHANGED:
            arrays[f"has_{name}"] = [name in fields for fields in changes.values()]
            arrays[name] = [fields.get(name) for fields in changes.values()]
        await session.fetch_all(UPDATE_TASKS, user_id=[user_id] * len(changes), **arrays)
    return {place: (200, item.id) for place, item in updates.items()}


async def _delete(session: Session, user_id: UUID, items: Items) -> Outcome:
    deletions = {place: item.id for place, item in items.items() if isinstance(item, DeleteItem)}
    if deletions:
        await session.fetch_all(DELETE_TASKS, user_id=user_id, id=[*deletions.values()])
    return {place: (204, task_id) for place, task_id in deletions.items()}


async def _create(session: Session, user_id: UUID, items: Items) -> Outcome:
    """Create tasks; of those with one external id the first (BLK-006)."""
    creations = {place: item.task for place, item in items.items() if isinstance(item, CreateItem)}
    first: dict[str, int] = {}
    for place, task in creations.items():
        if task.external_id is not None:
            first.setdefault(task.external_id, place)
    nameless = [place for place, task in creations.items() if task.external_id is None]
    inserted = sorted([*nameless, *first.values()])
    if not inserted:
        return {}
    arrays = {name: [getattr(creations[place], name) for place in inserted] for name in WRITTEN}
    rows = await session.fetch_all(INSERT_TASKS, user_id=user_id, **arrays)
    new = iter(sorted(row["id"] for row in rows if row["external_id"] is None))
    outcome = {place: (201, next(new)) for place in nameless}
    known = {row["external_id"]: row for row in rows}
    for place, task in creations.items():
        if task.external_id is not None:
            row = known[task.external_id]
            is_new = row["created"] and first[task.external_id] == place
            outcome[place] = (201 if is_new else 200, row["id"])
    return outcome


async def _read(session: Session, user_id: UUID, outcome: Outcome) -> dict[int | None, TaskPublic]:
    """Return the tasks as they are after all writes, by id; what is gone is not among them."""
    ids = sorted({task_id for _, task_id in outcome.values()})
    rows = await session.fetch_all(SELECT_TASKS, user_id=user_id, id=ids) if ids else []
    return {row["id"]: read_row(row) for row in rows}


def _name_items(refused: Refused) -> list[Refusal]:
    """Return all refusals in the order of the items, their fields with the item's place before them."""
    return [
        refusal._replace(field=f"items.{place}.{refusal.field}".removesuffix("."))
        for place in sorted(refused)
        for refusal in refused[place]
    ]


def _describe(refusals: list[Refusal]) -> ItemError:
    first = refusals[0]
    error = ItemError(detail=first.detail, code=first.code)
    if first.field:
        error["errors"] = [FieldError(field=field, detail=detail, code=code) for _, field, detail, code in refusals]
    return error

"""Writes of new tasks: whole trees in one statement."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from todo.core.database.session import Row
from todo.domain.bulk import BULK_ITEMS_MAX
from todo.domain.task import SUBTASK_LEVELS_MAX
from todo.schemas.tasks.bulk import CreateItem, InvalidItem, read_subtask
from todo.schemas.tasks.task import TaskCreate
from todo.services.sections.containers import CONTAINER_FIELDS
from todo.services.shared.log.writer import Writer
from todo.services.tasks import bulk_statements as statements
from todo.services.tasks.bulk_targets import Targets, columns_of_create, new_node
from todo.services.tasks.derived import DEFAULTS, SEARCHED_FIELDS, new_columns, search_values
from todo.services.tasks.tagging.bulk import CREATED, Items, Outcomes
from todo.services.tasks.trees.nesting import VALIDATED_AT_ONCE

REFERENCES = {*CONTAINER_FIELDS, "external_id"}
"""The columns of a new task that depend on existing rows."""


async def create_independent_tree(writer: Writer, task: TaskCreate) -> Row | None:
    """Create a task with its subtasks in one statement, without the lock on the clock; return the row of the task.

    Return None, and write nothing, if a task depends on existing rows, if a subtask is invalid, or if there are too
    many tasks or levels.
    """
    tasks, levels = [task], [1]
    parents: list[int | None] = [None]
    rows: list[dict[str, Any]] = []
    for number, above in enumerate(tasks, start=1):
        columns, level = new_columns(above), levels[number - 1]
        rows.append(columns)
        if above.tags or not REFERENCES.isdisjoint(columns):
            return None
        if level > SUBTASK_LEVELS_MAX or len(tasks) + len(above.subtasks) > BULK_ITEMS_MAX:
            return None
        for value in above.subtasks:
            if isinstance(subtask := read_subtask(value), InvalidItem):
                return None
            tasks.append(subtask)
            if len(tasks) % VALIDATED_AT_ONCE == 0:
                await asyncio.sleep(0)
        parents += [number] * len(above.subtasks)
        levels += [level + 1] * len(above.subtasks)
    [row, *_] = await _insert(writer, rows, parents)
    return row


async def create_tasks(writer: Writer, items: Items, targets: Targets) -> tuple[Outcomes, dict[int, Row]]:
    """Create the tasks of items; of several items with one external id the first creates it (BLK-006).

    Returns:
        The outcomes, and the rows of new tasks without tags by id. New ids ascend in the order of the items.
    """
    creations = {index: item.task for index, item in items.items() if isinstance(item, CreateItem)}
    new = [index for index in creations if index in targets.created]
    numbers = {new_node(index): number for number, index in enumerate(new, start=1)}
    parents = [numbers.get(targets.created[index]["parent_id"]) for index in new]
    rows = await _insert(writer, [columns_of_create(index, creations[index], targets) for index in new], parents)
    ids = {node: row["id"] for node, row in zip(numbers, rows, strict=True)}
    outcomes: Outcomes = {}
    for index in creations:
        if index in targets.created:
            outcomes[index] = (CREATED, ids[new_node(index)])
        elif (node := targets.nodes.get(index)) is not None:
            outcomes[index] = (200, ids.get(node, node))
    untagged = {row["id"]: row for index, row in zip(new, rows, strict=True) if not creations[index].tags}
    return outcomes, untagged


async def _insert(writer: Writer, tasks: Sequence[Mapping[str, Any]], parents: Sequence[int | None]) -> list[Row]:
    """Insert tasks with these columns, and with these numbers of their new parents; return their rows."""
    if not tasks:
        return []
    names = frozenset[str]().union(*tasks)
    texts = [search_values({"description": None, **values}) for values in tasks]
    rows = await writer.write_all(
        statements.insert_tasks(names),
        **{statements.PARENT_NUMBER: parents},
        **{name: [values.get(name, DEFAULTS.get(name)) for values in tasks] for name in names},
        **{parameter: [values[parameter] for values in texts] for parameter in SEARCHED_FIELDS.values()},
    )
    return sorted(rows, key=lambda row: int(row["id"]))

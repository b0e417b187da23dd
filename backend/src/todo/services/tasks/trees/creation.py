"""Writes of new tasks: a level of their trees after the other."""

from collections.abc import Mapping

from todo.core.database.statement import Statement
from todo.schemas.tasks.bulk import CreateItem
from todo.schemas.tasks.task import NewTask
from todo.services.shared.log.writer import Writer
from todo.services.tasks import bulk_statements as statements
from todo.services.tasks.bulk_targets import Targets, columns_of_create, new_node
from todo.services.tasks.derived import SEARCHED_FIELDS, search_values
from todo.services.tasks.tagging.bulk import CREATED, Items, Outcomes


async def create_tasks(writer: Writer, items: Items, targets: Targets) -> Outcomes:
    """Create the tasks of items; of several items with one external id the first creates it (BLK-006).

    A level of the trees is one statement. The ids of its tasks ascend in the order of the items.
    """
    creations = {index: item.task for index, item in items.items() if isinstance(item, CreateItem)}
    new = {index: task for index, task in creations.items() if index in targets.created}
    ids: dict[int, int] = {}
    searched: dict[int, Mapping[str, object]] = {}
    for level in _levels(new, targets):
        rows_by_index = {index: columns_of_create(index, new[index], targets, ids) for index in level}
        arrays = {name: [row[name] for row in rows_by_index.values()] for name in statements.CREATED_COLUMNS}
        rows = await writer.write_all(statements.INSERT_TASKS, **arrays)
        new_ids = sorted(row["id"] for row in rows)
        ids |= {new_node(index): task_id for index, task_id in zip(level, new_ids, strict=True)}
        searched |= dict(zip(new_ids, rows_by_index.values(), strict=True))
    await write_searches(writer, statements.INSERT_SEARCHES, searched)
    outcomes: Outcomes = {}
    for index in creations:
        if index in new:
            outcomes[index] = (CREATED, ids[new_node(index)])
        elif (node := targets.nodes.get(index)) is not None:
            outcomes[index] = (200, ids.get(node, node))
    return outcomes


def _levels(new: Mapping[int, NewTask], targets: Targets) -> list[list[int]]:
    """Return the items of new tasks by the number of new tasks above them."""
    levels: list[list[int]] = []
    level_of: dict[object, int] = {}
    for index in sorted(new):
        level = level_of[new_node(index)] = level_of.get(targets.created[index]["parent_id"], -1) + 1
        if level == len(levels):
            levels.append([])
        levels[level].append(index)
    return levels


async def write_searches(writer: Writer, statement: Statement, tasks: Mapping[int, Mapping[str, object]]) -> None:
    """Write the folded texts of tasks by id; tasks without a searched field are skipped."""
    texts = {task_id: values for task_id, fields in tasks.items() if (values := search_values(fields))}
    if texts:
        arrays = {name: [values.get(name) for values in texts.values()] for name in SEARCHED_FIELDS.values()}
        await writer.session.fetch_all(statement, user_id=[writer.user_id] * len(texts), id=[*texts], **arrays)

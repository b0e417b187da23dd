"""The writes of an import: containers before what refers to them, in batches."""

from collections.abc import Mapping, Sequence

from todo.core.database.session import Row as DatabaseRow
from todo.domain.task import SUBTASK_LEVELS_MAX
from todo.services.occurrences.statements import RECORD_COLUMNS
from todo.services.sections.containers import Container
from todo.services.shared.batches import batched
from todo.services.shared.log.writer import Writer
from todo.services.shared.log.writes import Write
from todo.services.tags.references import create_tags
from todo.services.tasks.bulk_statements import PARENT_NUMBER
from todo.services.tasks.derived import SEARCHED_FIELDS, search_values
from todo.services.tasks.restore import link_tags
from todo.services.transfer.plan import Plan
from todo.services.transfer.rows import (
    PROJECT_COLUMNS,
    SECTION_COLUMNS,
    TASK_COLUMNS,
    Row,
    arrays_of,
    in_order,
)
from todo.services.transfer.statements import CREATE_OCCURRENCES, CREATE_PROJECTS, CREATE_SECTIONS, CREATE_TASKS

AT_ONCE = 500
"""Rows that a statement writes."""


async def write_plan(writer: Writer, plan: Plan) -> None:
    """Write the new rows of a plan, parents before their subtasks.

    New rows get their ids in the order of their positions, so they come last in it.
    """
    for name, tag in (await create_tags(writer, plan.new_tags)).items():
        plan.tag_ids[str(name)] = tag["id"]
    for rows in batched(in_order(plan.new_projects), AT_ONCE):
        ids = await _create(writer, CREATE_PROJECTS, arrays_of(rows, PROJECT_COLUMNS))
        plan.project_ids |= {row.id: new_id for row, new_id in zip(rows, ids, strict=True)}
    for rows in batched(in_order(plan.new_sections), AT_ONCE):
        project_ids = [plan.project_ids[plan.section_projects[row.id]] for row in rows]
        ids = await _create(writer, CREATE_SECTIONS, {**arrays_of(rows, SECTION_COLUMNS), "project_id": project_ids})
        for row, project_id, new_id in zip(rows, project_ids, ids, strict=True):
            plan.containers[row.id] = Container(project_id, new_id)
    for level in range(1, SUBTASK_LEVELS_MAX + 1):
        for rows in batched(in_order(row for row in plan.new_tasks if plan.places[row.id].level == level), AT_ONCE):
            plan.task_ids |= await _create_tasks(writer, plan, rows)
    for occurrences in batched(plan.new_occurrences, AT_ONCE):
        arrays = {name: [item.values[i] for item in occurrences] for i, name in enumerate(RECORD_COLUMNS)}
        task_ids = [plan.task_ids[item.task_id] for item in occurrences]
        await writer.session.fetch_all(CREATE_OCCURRENCES, user_id=writer.user_id, task_id=task_ids, **arrays)


async def _create_tasks(writer: Writer, plan: Plan, rows: Sequence[Row]) -> dict[int, int]:
    """Return the new ids by the ids in the document."""
    arrays = arrays_of(rows, TASK_COLUMNS)
    containers = [_container_of(row, plan) for row in rows]
    texts = [
        search_values({"title": title, "description": description})
        for title, description in zip(arrays["title"], arrays["description"], strict=True)
    ]
    ids = await _create(
        writer,
        CREATE_TASKS,
        {
            **arrays,
            "project_id": [container.project_id for container in containers],
            "section_id": [container.section_id for container in containers],
            "parent_id": [container.parent_id for container in containers],
            "archived": [_is_archived(row, plan) for row in rows],
            PARENT_NUMBER: [None] * len(rows),
            **{parameter: [text[parameter] for text in texts] for parameter in SEARCHED_FIELDS.values()},
        },
    )
    # `set_tags` would read all tasks of the user for each batch.
    await link_tags(
        writer, {task_id: ([], _tags_of(row, plan)) for task_id, row in zip(ids, rows, strict=True) if row.tags}
    )
    return {row.id: task_id for row, task_id in zip(rows, ids, strict=True)}


async def _create(writer: Writer, write: Write, arrays: Mapping[str, Sequence[object]]) -> list[int]:
    """Return the ids of new rows, in the order of the arrays."""
    rows: list[DatabaseRow] = await writer.write_all(write, **arrays)
    return sorted(row["id"] for row in rows)


def _container_of(row: Row, plan: Plan) -> Container:
    place = plan.places[row.id]
    parent_id = place.parent_id
    if parent_id is None and row.parent_id is not None:
        parent_id = plan.task_ids[row.parent_id]
    if place.above is not None:
        return Container(place.above.project_id, place.above.section_id, parent_id)
    if place.section_id is not None:
        return plan.containers[place.section_id]._replace(parent_id=parent_id)
    return Container(None if place.project_id is None else plan.project_ids[place.project_id], None, parent_id)


def _is_archived(row: Row, plan: Plan) -> bool:
    place = plan.places[row.id]
    if place.above is not None:
        return place.above.archived
    return plan.archived[place.project_id if place.section_id is None else plan.section_projects[place.section_id]]


def _tags_of(row: Row, plan: Plan) -> list[int]:
    return sorted({plan.tag_ids[plan.tag_names[tag] if isinstance(tag, int) else tag] for tag in row.tags})

"""The targets of bulk writes: the tasks and projects that items name."""

from collections.abc import Sequence
from typing import NamedTuple

from todo.core.errors import Problem
from todo.schemas.tasks.bulk import CreateItem, DeleteItem, UpdateItem
from todo.schemas.tasks.task import TaskCreate
from todo.services.projects.errors import ProjectNotFoundError
from todo.services.sections.containers import CONTAINER_FIELDS, Container, Containers, read_containers
from todo.services.sections.errors import SectionNotFoundError
from todo.services.shared.log.writer import Writer
from todo.services.tasks import bulk_statements as statements
from todo.services.tasks.derived import column_values
from todo.services.tasks.tagging.bulk import Items, Problems


class Targets(NamedTuple):
    """The existing tasks that the items of a request name.

    Attributes:
        versions: by task id.
        time_zones: of the stored due dates, by task id.
        stored: the containers of the tasks, by task id.
        ids: by external id.
        containers: the projects and sections that the items name.
    """

    versions: dict[int, int]
    time_zones: dict[int, str | None]
    stored: dict[int, Container]
    ids: dict[str, int]
    containers: Containers


async def read_targets(writer: Writer, items: Items, problems: Problems) -> Targets:
    """Return the existing tasks that valid items name."""
    ids = [item.id for item in named_tasks(items, problems).values()]
    external_ids = [item.task.external_id for item in items.values() if isinstance(item, CreateItem)]
    if not ids and not any(external_ids):
        return Targets({}, {}, {}, {}, await _read_containers(writer, items, []))
    rows = await writer.session.fetch_all(
        statements.SELECT_TARGETS, user_id=writer.user_id, id=ids, external_id=external_ids
    )
    return Targets(
        versions={row["id"]: row["version"] for row in rows},
        time_zones={row["id"]: row["due_time_zone"] for row in rows},
        stored={row["id"]: Container(row["project_id"], row["section_id"]) for row in rows},
        ids={row["external_id"]: row["id"] for row in rows if row["external_id"] is not None},
        containers=await _read_containers(writer, items, [row["project_id"] for row in rows]),
    )


async def _read_containers(writer: Writer, items: Items, stored: Sequence[int | None]) -> Containers:
    """Return the projects and sections that valid items name."""
    named = [_fields_of(item) for item in items.values()]
    moves = any(isinstance(item, UpdateItem) and fields for item, fields in zip(items.values(), named, strict=True))
    return await read_containers(writer.session, writer.user_id, named, moves=moves, stored=stored if moves else ())


def _fields_of(item: object) -> dict[str, object]:
    """Return the project and the section that an item names."""
    if isinstance(item, CreateItem):
        return {"project_id": item.task.project_id, "section_id": item.task.section_id}
    return item.changes.model_dump(include=CONTAINER_FIELDS) if isinstance(item, UpdateItem) else {}


def named_tasks(items: Items, problems: Problems) -> dict[int, UpdateItem | DeleteItem]:
    """Return the valid items that name an existing task by its id."""
    return {
        index: item
        for index, item in items.items()
        if isinstance(item, UpdateItem | DeleteItem) and index not in problems
    }


def check_containers(items: Items, problems: Problems, containers: Containers) -> None:
    """Add the problems of items that name an unknown project or section."""
    for index, item in items.items():
        if index not in problems and (fields := _fields_of(item)):
            part = "task" if isinstance(item, CreateItem) else "changes"
            try:
                containers.resolve(fields)
            except ProjectNotFoundError as error:
                problems[index] = [Problem.of(type(error), f"{part}.project_id")]
            except SectionNotFoundError as error:
                problems[index] = [Problem.of(type(error), f"{part}.section_id")]


def columns_of_create(task: TaskCreate, containers: Containers) -> dict[str, object]:
    """Return the values of the columns of a new task."""
    fields = task.model_dump()
    return column_values(fields) | containers.values(containers.resolve(fields))


def columns_of(item: UpdateItem, targets: Targets) -> dict[str, object]:
    """Return the values of the columns that an item writes."""
    fields = item.changes.model_dump()
    if not CONTAINER_FIELDS.isdisjoint(fields):
        fields |= targets.containers.values_of_move(fields, targets.stored[item.id])
    return column_values(fields, targets.time_zones[item.id])

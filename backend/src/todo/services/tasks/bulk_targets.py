"""The targets of bulk writes: the tasks and projects that items name."""

from collections.abc import Mapping
from typing import NamedTuple

from todo.core.errors import Problem
from todo.schemas.tasks.bulk import CreateItem, DeleteItem, UpdateItem
from todo.services.projects.containers import Containers, read_containers
from todo.services.projects.errors import ProjectNotFoundError
from todo.services.shared.log.writer import Writer
from todo.services.tasks import bulk_statements as statements
from todo.services.tasks.derived import column_values

Items = Mapping[int, object]
"""Items by their index in the request."""
Problems = dict[int, list[Problem]]
"""Problems of items by index; the first one decides the status."""


class Targets(NamedTuple):
    """The existing tasks that the items of a request name.

    Attributes:
        versions: by task id.
        time_zones: of the stored due dates, by task id.
        project_ids: by task id.
        ids: by external id.
        containers: the projects that the items name.
    """

    versions: dict[int, int]
    time_zones: dict[int, str | None]
    project_ids: dict[int, int | None]
    ids: dict[str, int]
    containers: Containers


async def read_targets(writer: Writer, items: Items, problems: Problems) -> Targets:
    """Return the existing tasks that valid items name."""
    ids = [item.id for item in named_tasks(items, problems).values()]
    external_ids = [item.task.external_id for item in items.values() if isinstance(item, CreateItem)]
    if not ids and not any(external_ids):
        return Targets({}, {}, {}, {}, await _read_containers(writer, items))
    rows = await writer.session.fetch_all(
        statements.SELECT_TARGETS, user_id=writer.user_id, id=ids, external_id=external_ids
    )
    return Targets(
        versions={row["id"]: row["version"] for row in rows},
        time_zones={row["id"]: row["due_time_zone"] for row in rows},
        project_ids={row["id"]: row["project_id"] for row in rows},
        ids={row["external_id"]: row["id"] for row in rows if row["external_id"] is not None},
        containers=await _read_containers(writer, items),
    )


async def _read_containers(writer: Writer, items: Items) -> Containers:
    """Return the projects that valid items name."""
    ids = [item.task.project_id for item in items.values() if isinstance(item, CreateItem)]
    updates = [_project_of(item) for item in items.values() if isinstance(item, UpdateItem)]
    new_ids = [fields["project_id"] for fields in updates if fields]
    return await read_containers(writer.session, writer.user_id, {*ids, *new_ids}, moves=bool(new_ids))


def _project_of(item: UpdateItem) -> dict[str, int | None]:
    """Return the field `project_id` of the changes; an empty dictionary if it is absent."""
    return item.changes.model_dump(include={"project_id"})


def named_tasks(items: Items, problems: Problems) -> dict[int, UpdateItem | DeleteItem]:
    """Return the valid items that name an existing task by its id."""
    return {
        index: item
        for index, item in items.items()
        if isinstance(item, UpdateItem | DeleteItem) and index not in problems
    }


def check_projects(items: Items, problems: Problems, containers: Containers) -> None:
    """Add the problems of items that name an unknown project."""
    for index, item in items.items():
        if index in problems:
            continue
        if isinstance(item, CreateItem) and item.task.project_id not in containers.archived:
            problems[index] = [Problem.of(ProjectNotFoundError, "task.project_id")]
        elif isinstance(item, UpdateItem) and _project_of(item).get("project_id") not in containers.archived:
            problems[index] = [Problem.of(ProjectNotFoundError, "changes.project_id")]


def columns_of(item: UpdateItem, targets: Targets) -> dict[str, object]:
    """Return the values of the columns that an item writes."""
    fields = item.changes.model_dump()
    if "project_id" in fields and fields["project_id"] != targets.project_ids[item.id]:
        fields |= targets.containers.values_of_move(fields["project_id"])
    return column_values(fields, targets.time_zones[item.id])

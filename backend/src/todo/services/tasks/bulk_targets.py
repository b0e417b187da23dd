"""The targets of bulk writes: the tasks that items name, and where the items put them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from todo.core.errors import DomainError, Problem
from todo.domain.bulk import DuplicateItemError
from todo.schemas.tasks.bulk import CreateItem, DeleteItem, UpdateItem
from todo.schemas.tasks.task import TaskCreate
from todo.services.projects.errors import ProjectNotFoundError
from todo.services.sections.containers import CONTAINER_FIELDS, Container, Containers, read_containers
from todo.services.sections.errors import SectionNotFoundError
from todo.services.shared.log.writer import Writer
from todo.services.subtasks.errors import (
    ParentNotFoundError,
    SubtaskCycleError,
    SubtaskFollowsParentError,
    SubtasksTooDeepError,
)
from todo.services.tasks import bulk_statements as statements
from todo.services.tasks.derived import column_values
from todo.services.tasks.tagging.bulk import Items, Problems

CONTAINER_ERRORS: dict[type[DomainError], str] = {
    ProjectNotFoundError: "project_id",
    SectionNotFoundError: "section_id",
    ParentNotFoundError: "parent_id",
    SubtaskFollowsParentError: "parent_id",
    SubtaskCycleError: "parent_id",
    SubtasksTooDeepError: "parent_id",
}
"""The errors of the place of a task, each with its field."""


@dataclass
class Targets:
    """The existing tasks that the items of a request name, and the places that the items give them.

    Attributes:
        versions: by task id.
        time_zones: of the stored due dates, by task id.
        stored: the containers of the tasks, by task id.
        ids: by external id.
        containers: the projects, sections and parents that the items name, before any item is written.
        placed: the same after all valid items.
        places: the columns of the container of each updated task that moves, by task id.
        deleted: the tasks that items delete, with all their subtasks.
    """

    versions: dict[int, int] = field(default_factory=dict)
    time_zones: dict[int, str | None] = field(default_factory=dict)
    stored: dict[int, Container] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    containers: Containers = field(default_factory=Containers)
    placed: Containers = field(default_factory=Containers)
    places: dict[int, dict[str, object]] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)


async def read_targets(writer: Writer, items: Items, problems: Problems) -> Targets:
    """Return the existing tasks that valid items name."""
    ids = [item.id for item in named_tasks(items, problems).values()]
    external_ids = [item.task.external_id for item in items.values() if isinstance(item, CreateItem)]
    targets = Targets()
    if ids or any(external_ids):
        rows = await writer.session.fetch_all(
            statements.SELECT_TARGETS, user_id=writer.user_id, id=ids, external_id=external_ids
        )
        targets.versions = {row["id"]: row["version"] for row in rows}
        targets.time_zones = {row["id"]: row["due_time_zone"] for row in rows}
        targets.stored = {row["id"]: Container(row["project_id"], row["section_id"], row["parent_id"]) for row in rows}
        targets.ids = {row["external_id"]: row["id"] for row in rows if row["external_id"] is not None}
    targets.containers = await _read_containers(writer, items, targets.stored)
    return targets


async def _read_containers(writer: Writer, items: Items, stored: Mapping[int, Container]) -> Containers:
    """Return the projects, sections and parents that valid items name, and the subtasks of moved and deleted tasks."""
    named = {index: fields for index, item in items.items() if (fields := _fields_of(item))}
    moved = [item.id for index in named if isinstance(item := items[index], UpdateItem) and item.id in stored]
    deleted = [item.id for item in items.values() if isinstance(item, DeleteItem)]
    return await read_containers(
        writer.session,
        writer.user_id,
        named.values(),
        subtrees_of=[*moved, *deleted],
        moves=bool(moved),
        stored=[stored[task_id].project_id for task_id in moved],
    )


def _fields_of(item: object) -> dict[str, object]:
    """Return the project, the section and the parent that an item names."""
    if isinstance(item, CreateItem):
        return {name: value for name in CONTAINER_FIELDS if (value := getattr(item.task, name)) is not None}
    return item.changes.model_dump(include=CONTAINER_FIELDS) if isinstance(item, UpdateItem) else {}


def named_tasks(items: Items, problems: Problems) -> dict[int, UpdateItem | DeleteItem]:
    """Return the valid items that name an existing task by its id."""
    return {
        index: item
        for index, item in items.items()
        if isinstance(item, UpdateItem | DeleteItem) and index not in problems
    }


def place_tasks(items: Items, problems: Problems, targets: Targets) -> None:
    """Compute the places of tasks after all valid items, and add the problems of items whose task has no place.

    Items are placed in the order in which they are written: updates, deletions and creates. A deletion takes the
    subtasks along, so no other item can change one of them.
    """
    targets.placed, targets.places = targets.containers.copy(), {}
    tree = targets.placed.tree
    valid = {index: item for index, item in items.items() if index not in problems}
    updates = {index: item for index, item in valid.items() if isinstance(item, UpdateItem)}
    for index, update in updates.items():
        if fields := _fields_of(update):
            with _noting(problems, index, "changes"):
                targets.places[update.id] = targets.placed.move(update.id, fields, targets.stored[update.id])
    named = {item.id for item in valid.values() if isinstance(item, DeleteItem)}
    targets.deleted = named.union(*(tree.below(task_id) for task_id in named))
    if below_deleted := [index for index, update in updates.items() if update.id in targets.deleted]:
        problems.update({index: [Problem.of(DuplicateItemError, "id")] for index in below_deleted})
        return place_tasks(items, problems, targets)
    for update in updates.values():
        if (node := tree.followers.pop(update.id, None)) is not None:
            values = {"project_id": node.project_id, "section_id": node.section_id}
            targets.places[update.id] = {**targets.places.get(update.id, {}), **values, "archived": node.archived}
    for index, item in valid.items():
        if isinstance(item, CreateItem) and (fields := _fields_of(item)):
            with _noting(problems, index, "task"):
                targets.placed.create(fields)
                if item.task.parent_id in targets.deleted:
                    raise ParentNotFoundError
    return None


@contextmanager
def _noting(problems: Problems, index: int, part: str) -> Iterator[None]:
    """Add the problem of an item if the block raises one."""
    try:
        yield
    except tuple(CONTAINER_ERRORS) as error:
        problems[index] = [Problem.of(type(error), f"{part}.{CONTAINER_ERRORS[type(error)]}")]


def columns_of_create(task: TaskCreate, targets: Targets) -> dict[str, object]:
    """Return the values of the columns of a new task."""
    fields = task.model_dump()
    return column_values(fields) | targets.placed.create(fields)


def columns_of(item: UpdateItem, targets: Targets) -> dict[str, object]:
    """Return the values of the columns that an item writes."""
    fields = item.changes.model_dump() | targets.places.get(item.id, {})
    return column_values(fields, targets.time_zones[item.id])

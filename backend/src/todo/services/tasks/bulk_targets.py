"""The targets of bulk writes: the tasks that items name, and where the items put them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from todo.core.errors import DomainError, Problem
from todo.domain.bulk import DuplicateItemError
from todo.schemas.tasks.bulk import CreateItem, DeleteItem, UpdateItem
from todo.schemas.tasks.task import NewTask
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
from todo.services.subtasks.tree import Node
from todo.services.tasks import bulk_statements as statements
from todo.services.tasks.derived import column_values, new_columns
from todo.services.tasks.tagging.bulk import Items, Problems
from todo.services.tasks.trees.nesting import PARENT_REF, Nesting

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
        nodes: by item that creates a task, the id of the task in the tree; see `new_node`.
        created: the columns of the container of each new task, by item. A parent that is new has the id of `nodes`.
    """

    versions: dict[int, int] = field(default_factory=dict)
    time_zones: dict[int, str | None] = field(default_factory=dict)
    stored: dict[int, Container] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    containers: Containers = field(default_factory=Containers)
    placed: Containers = field(default_factory=Containers)
    places: dict[int, dict[str, object]] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    nodes: dict[int, int] = field(default_factory=dict)
    created: dict[int, dict[str, Any]] = field(default_factory=dict)

    def written(self, items: Items) -> Items:
        """Return the items that write. An item that creates an existing task is left out."""
        return {
            index: item for index, item in items.items() if not isinstance(item, CreateItem) or index in self.created
        }


def new_node(index: int) -> int:
    """Return the id that the new task of an item has in the tree until it is written. No task has a negative id."""
    return -index - 1


async def read_targets(writer: Writer, items: Items, problems: Problems, nesting: Nesting) -> Targets:
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
    parents = {item.task.external_id for index in nesting.named if isinstance(item := items[index], CreateItem)}
    known = [task_id for external_id, task_id in targets.ids.items() if external_id in parents]
    targets.containers = await _read_containers(writer, items, targets.stored, known)
    return targets


async def _read_containers(
    writer: Writer, items: Items, stored: Mapping[int, Container], parents: Sequence[int]
) -> Containers:
    """Return the projects, sections and parents that valid items name, and the subtasks of moved and deleted tasks.

    `parents` are further tasks below which items create subtasks.
    """
    named = {index: fields for index, item in items.items() if (fields := _fields_of(item))}
    moved = [item.id for index in named if isinstance(item := items[index], UpdateItem) and item.id in stored]
    deleted = [item.id for item in items.values() if isinstance(item, DeleteItem)]
    return await read_containers(
        writer.session,
        writer.user_id,
        [*named.values(), *({"parent_id": task_id} for task_id in parents)],
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


def place_tasks(items: Items, problems: Problems, targets: Targets, nesting: Nesting) -> None:
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
        return place_tasks(items, problems, targets, nesting)
    for update in updates.values():
        if (node := tree.followers.pop(update.id, None)) is not None:
            values = {"project_id": node.project_id, "section_id": node.section_id}
            targets.places[update.id] = {**targets.places.get(update.id, {}), **values, "archived": node.archived}
    _place_new_tasks(valid, problems, targets, nesting)
    nesting.settle(problems)
    if problems.keys() & targets.nodes.keys():
        # A task failed because of a subtask in its body. Items below the task fail too.
        return place_tasks(items, problems, targets, nesting)
    return None


def _place_new_tasks(valid: Items, problems: Problems, targets: Targets, nesting: Nesting) -> None:
    """Compute the places of new tasks, each after its parent. A task that exists keeps its place.

    The subtasks in the body of a task that exists have no node, and are not created.
    """
    targets.nodes, targets.created = {}, {}
    ids = {external_id: task_id for external_id, task_id in targets.ids.items() if task_id not in targets.deleted}
    for index, item in valid.items():
        if not isinstance(item, CreateItem):
            continue
        parent = nesting.parents.get(index)
        if parent is not None and parent not in targets.nodes:
            if index not in nesting.places:
                problems[index] = [Problem.of(ParentNotFoundError, PARENT_REF)]
        elif parent is not None and index in nesting.places and targets.nodes[parent] != new_node(parent):
            continue
        elif item.task.external_id in ids:
            targets.nodes[index] = ids[item.task.external_id]
        else:
            try:
                _place_new_task(index, item.task, targets, nesting)
            except DomainError as error:
                problems[index] = [Problem.of(type(error), _field_of(error, index, item.task, targets, nesting))]
            else:
                if item.task.external_id is not None:
                    ids[item.task.external_id] = new_node(index)


def _place_new_task(index: int, task: NewTask, targets: Targets, nesting: Nesting) -> None:
    """Compute the place of a new task.

    Raises:
        DomainError: one of `CONTAINER_ERRORS`.
    """
    fields = {name: getattr(task, name) for name in CONTAINER_FIELDS}
    parent = nesting.parents.get(index)
    if parent is not None:
        if task.parent_id is not None:
            raise SubtaskFollowsParentError
        fields["parent_id"] = targets.nodes[parent]
    if fields["parent_id"] in targets.deleted:
        raise ParentNotFoundError
    place: dict[str, Any] = targets.placed.create(fields)
    targets.nodes[index], targets.created[index] = new_node(index), place
    targets.placed.tree.add(Node(new_node(index), **place))


@contextmanager
def _noting(problems: Problems, index: int, part: str) -> Iterator[None]:
    """Add the problem of an item if the block raises one."""
    try:
        yield
    except tuple(CONTAINER_ERRORS) as error:
        problems[index] = [Problem.of(type(error), f"{part}.{CONTAINER_ERRORS[type(error)]}")]


def _field_of(error: DomainError, index: int, task: NewTask, targets: Targets, nesting: Nesting) -> str:
    """Return the field of an error of the place of a new task."""
    parent = nesting.parents.get(index)
    if parent is None:
        return f"task.{CONTAINER_ERRORS[type(error)]}"
    if not isinstance(error, SubtaskFollowsParentError):
        return PARENT_REF
    above = targets.placed.tree.find(targets.nodes[parent])
    fields = {name: getattr(task, name) for name in ("parent_id", "project_id", "section_id")}
    differing = [name for name, value in fields.items() if value not in (None, getattr(above, name))]
    return f"task.{differing[0] if differing else 'parent_id'}"


def columns_of_create(index: int, task: NewTask, targets: Targets) -> dict[str, Any]:
    """Return the values of `new_columns` of a new task, without the id of a parent that is new too."""
    columns = new_columns(task, targets.created[index])
    if columns.get("parent_id", 0) < 0:  # the id of a `new_node`
        del columns["parent_id"]
    return columns


def columns_of(item: UpdateItem, targets: Targets) -> dict[str, object]:
    """Return the values of the columns that an item writes."""
    fields = item.changes.model_dump() | targets.places.get(item.id, {})
    return column_values(fields, targets.time_zones[item.id])

"""The places of tasks that undo and the trash put back, and what came into resources that undo removes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from todo.core.database.session import Row
from todo.services.history.references import Existing, find_gone
from todo.services.placement.deletion import find_contents
from todo.services.projects.statements import PROJECT
from todo.services.resources.access import ResourceKey
from todo.services.sections.containers import CONTAINER_FIELDS
from todo.services.sections.statements import SECTION
from todo.services.shared.log.reverted import Reverted
from todo.services.shared.log.writer import Writer
from todo.services.subtasks.errors import ParentNotFoundError, SubtaskCycleError, SubtasksTooDeepError
from todo.services.subtasks.statements import SELECT_CHILDREN
from todo.services.subtasks.tree import Node, Tree, children_first
from todo.services.tasks.write_statements import TASK

State = Mapping[str, Any]


class Placed(NamedTuple):
    """Tasks with places that exist.

    Attributes:
        restored: deleted tasks to insert.
        reverted: existing tasks with the fields to write.
        conflicts: the fields with a place that is gone, after the type and the id of their task.
        left_out: the places of restored tasks that are gone.
    """

    restored: list[Reverted]
    reverted: list[Reverted]
    conflicts: list[str]
    left_out: list[str]


def place_tasks(
    restored: Sequence[Reverted],
    reverted: Sequence[Reverted],
    current: Mapping[ResourceKey, Any],
    existing: Existing,
) -> Placed:
    """Return the tasks with places that exist. All subtasks follow in the tree.

    A task loses a parent that is gone, that would be its subtask, or that is at the last level. A subtask has the
    project and the section of its parent.

    Args:
        restored: deleted tasks to insert.
        reverted: existing tasks with the fields to write.
        current: the current state of existing tasks.
        existing: what tasks can refer to; its tree is changed.
    """
    moved = {task.id: task for task in reverted if not CONTAINER_FIELDS.isdisjoint(task.fields)}
    tasks = {**{task.id: task for task in restored}, **moved}
    whole = {id_: {**(current[TASK, id_] if id_ in moved else {}), **task.fields} for id_, task in tasks.items()}
    parents = {id_: parent for id_, task in whole.items() if (parent := task.get("parent_id")) in tasks}
    placed: dict[int, Reverted] = {}
    conflicts: list[str] = []
    left_out: list[str] = []
    for id_ in reversed(children_first(tasks, parents)):
        gone, place = _place_task(id_, whole[id_], existing)
        existing.tree.place(Node(id_, place["parent_id"], place["project_id"], place["section_id"]))
        fields = tasks[id_].fields
        changed = {name: value for name, value in place.items() if name in fields or whole[id_].get(name) != value}
        placed[id_] = tasks[id_]._replace(fields={**fields, **changed})
        conflicts += [f"{TASK}.{id_}.{name}" for name in gone]
        left_out += [] if id_ in moved else gone.values()
    return Placed(
        [placed[task.id] for task in restored], [placed.get(task.id, task) for task in reverted], conflicts, left_out
    )


def _place_task(task_id: int, task: State, existing: Existing) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the missing resources by field, and the project, the section and the parent of a task."""
    gone: dict[str, str] = {}
    parent_id = task.get("parent_id")
    if parent_id is not None:
        try:
            existing.tree.check(task_id, parent_id)
        except (ParentNotFoundError, SubtaskCycleError, SubtasksTooDeepError):
            gone["parent_id"] = f"{TASK}.{parent_id}"
        else:
            parent = existing.tree.find(parent_id)
            assert parent is not None
            return gone, {name: getattr(parent, name) for name in CONTAINER_FIELDS} | {"parent_id": parent_id}
    gone |= find_gone(task, existing)
    return gone, {name: None if name in gone else task.get(name) for name in CONTAINER_FIELDS}


async def find_contents_of(writer: Writer, removed: Mapping[str, Collection[int]], tree: Tree) -> list[str]:
    """Return the conflicts of resources to remove: tasks are in them that are neither removed nor moved elsewhere.

    Args:
        writer: reads the tasks.
        removed: by type, the ids of projects, sections and tasks to remove.
        tree: the moved tasks with their subtasks, in their new places.
    """
    projects, sections, tasks = (removed.get(type_, ()) for type_ in (PROJECT, SECTION, TASK))
    conflicts: list[str] = []
    if projects or sections:
        rows = await find_contents(writer, [*projects], [*sections])
        found = [_placed(row, tree) for row in rows if row["id"] not in tasks]
        of_projects = {row["project_id"] for row in found}.intersection(projects)
        of_sections = {row["section_id"] for row in found}.intersection(sections)
        conflicts += [f"{PROJECT}.{id_}.tasks" for id_ in sorted(of_projects)]
        conflicts += [f"{SECTION}.{id_}.tasks" for id_ in sorted(of_sections)]
    if tasks:
        children = await writer.session.fetch_all(SELECT_CHILDREN, user_id=writer.user_id, ids=[*tasks])
        parents = {_placed(row, tree)["parent_id"] for row in children if row["id"] not in tasks}
        conflicts += [f"{TASK}.{id_}.subtasks" for id_ in sorted(parents.intersection(tasks))]
    return conflicts


def _placed(row: Row, tree: Tree) -> State:
    node = tree.find(row["id"])
    return {**row} if node is None else node._asdict()

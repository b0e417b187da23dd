"""Tasks in undo and in the trash: put back, changed back, and removed again (ADR 0055)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from todo.core.database.session import Session
from todo.services.sections.containers import Container, Containers, read_containers
from todo.services.shared.batches import batched
from todo.services.shared.log.logged_values import stored_values
from todo.services.shared.log.reverted import Reverted, keys_of
from todo.services.shared.log.writer import Writer
from todo.services.subtasks.statements import SELECT_CHILDREN
from todo.services.subtasks.tree import Tree, children_first, read_nodes
from todo.services.tasks import bulk_statements, restore_statements
from todo.services.tasks.derived import SEARCHED_FIELDS, column_values, search_values
from todo.services.tasks.statements import TASKS

AT_ONCE = 500
"""Tasks that a statement puts back."""


async def read_tag_ids(session: Session, user_id: UUID, ids: Iterable[int]) -> dict[int, list[int]]:
    """Return the ids of the tags of the existing tasks among some ids, in their order."""
    rows = await session.fetch_all(restore_statements.SELECT_TAG_IDS, user_id=user_id, id=[*ids])
    return {row["id"]: from_json(row["tag_ids"]) for row in rows}


async def restore_tasks(writer: Writer, tasks: Sequence[Reverted]) -> None:
    """Insert deleted tasks with their ids, parents before their subtasks.

    The field `tags` has the ids of existing tags. The project, the section and the parent exist, or the parent is
    inserted too.

    Raises:
        ExternalIdTakenError: another task has the external id.
    """
    by_id = {task.id: task for task in tasks}
    parents = {id_: parent for id_, task in by_id.items() if (parent := task.fields.get("parent_id")) in by_id}
    for some in batched([by_id[id_] for id_ in reversed(children_first(by_id, parents))], AT_ONCE):
        containers = await _read_containers(writer, some)
        rows = [_row(task) | containers.values(_container_of(task)) for task in some]
        arrays = {name: [row.get(name) for row in rows] for name in restore_statements.RESTORED_COLUMNS}
        await writer.write_all(restore_statements.RESTORE_TASKS, **keys_of(some), **arrays, tag_ids=_tag_ids(some))
        texts = [search_values({"description": None} | dict(task.fields)) for task in some]
        await writer.session.fetch_all(
            bulk_statements.INSERT_SEARCHES,
            user_id=[writer.user_id] * len(some),
            id=[task.id for task in some],
            **{name: [text[name] for text in texts] for name in SEARCHED_FIELDS.values()},
        )


async def revert_tasks(writer: Writer, tasks: Sequence[Reverted]) -> None:
    """Write fields of existing tasks; each task has at least one field, and none is `tags`."""
    for some in batched(tasks, AT_ONCE):
        containers = await _read_containers(writer, some)
        rows = [
            column_values(stored_values(TASKS, task.fields))
            | ({"archived": containers.archived[task.fields["project_id"]]} if "project_id" in task.fields else {})
            for task in some
        ]
        arrays: dict[str, list[object]] = {"owner_id": [writer.user_id] * len(some)}
        for name in bulk_statements.UPDATED_COLUMNS:
            arrays[f"has_{name}"] = [name in row for row in rows]
            arrays[name] = [row.get(name) for row in rows]
        await writer.write_all(bulk_statements.UPDATE_TASKS, **keys_of(some), **arrays)
        await update_searches(writer, {task.id: task.fields for task in some})


async def update_searches(writer: Writer, changes: Mapping[int, Mapping[str, object]]) -> None:
    """Write the folded texts of changed tasks by id; tasks whose searched fields stay are skipped."""
    texts = {task_id: values for task_id, fields in changes.items() if (values := search_values(fields))}
    if texts:
        arrays = {name: [values.get(name) for values in texts.values()] for name in SEARCHED_FIELDS.values()}
        owners = [writer.user_id] * len(texts)
        await writer.session.fetch_all(bulk_statements.UPDATE_SEARCHES, user_id=owners, id=[*texts], **arrays)


async def set_tags(writer: Writer, tasks: Sequence[Reverted]) -> None:
    """Replace the tags of existing tasks with those of the field `tags`."""
    for some in batched(tasks, AT_ONCE):
        await writer.write_all(restore_statements.SET_TAGS, **keys_of(some), tag_ids=_tag_ids(some))


async def link_tags(writer: Writer, tags: Mapping[int, tuple[list[int], list[int]]]) -> None:
    """Put tags that were deleted on existing tasks again. Versions of tasks stay, as they did at the deletion.

    Args:
        writer: is inside its transaction, so that the tags of the tasks do not change.
        tags: by task, the ids of all its tags before and after.
    """
    for some in batched(tags.items(), AT_ONCE):
        await writer.write_all(
            restore_statements.LINK_TAGS,
            id=[task_id for task_id, _ in some],
            old_ids=[to_json(old).decode() for _, (old, _) in some],
            new_ids=[to_json(new).decode() for _, (_, new) in some],
        )


async def move_followers(writer: Writer, tree: Tree) -> None:
    """Write the project and the section of the subtasks whose parents moved."""
    await revert_tasks(
        writer,
        [
            Reverted(None, node.id, {"project_id": node.project_id, "section_id": node.section_id})
            for node in tree.followers.values()
        ],
    )


async def remove_tasks(writer: Writer, tasks: Sequence[Reverted]) -> None:
    """Delete tasks with their links, subtasks before their parents. Other subtasks move up to the next task that stays.

    They stay in their project and section, and keep their positions.
    """
    by_id = {task.id: task for task in tasks}
    children = await writer.session.fetch_all(SELECT_CHILDREN, user_id=writer.user_id, ids=[*by_id])
    parents = {row["id"]: row["parent_id"] for row in children}
    kept = [task_id for task_id in parents if task_id not in by_id]
    if kept:
        nodes = Tree((await read_nodes(writer.session, writer.user_id, above=kept)).values())
        new_parents = {task_id: [id_ for id_ in nodes.path(task_id)[1:] if id_ not in by_id] for task_id in kept}
        moved = [Reverted(None, id_, {"parent_id": above[0] if above else None}) for id_, above in new_parents.items()]
        await revert_tasks(writer, moved)
    await remove_trees(writer, tasks, parents)


async def remove_trees(writer: Writer, tasks: Sequence[Reverted], parents: Mapping[int, int | None]) -> None:
    """Delete tasks whose subtasks are all among them, with their links, subtasks before their parents.

    Args:
        writer: is inside its transaction, so that the tree does not change.
        tasks: the tasks.
        parents: the parent of each task that has one.
    """
    by_id = {task.id: task for task in tasks}
    inside = {task_id: parent for task_id, parent in parents.items() if parent in by_id and parent is not None}
    for some in batched([by_id[task_id] for task_id in children_first(by_id, inside)], AT_ONCE):
        await writer.write_all(bulk_statements.DELETE_TASKS, **keys_of(some))


async def _read_containers(writer: Writer, tasks: Iterable[Reverted]) -> Containers:
    named = [{"project_id": task.fields.get("project_id")} for task in tasks]
    return await read_containers(writer.session, writer.user_id, named, moves=False)


def _container_of(task: Reverted) -> Container:
    return Container(task.fields.get("project_id"), task.fields.get("section_id"), task.fields.get("parent_id"))


def _row(task: Reverted) -> dict[str, Any]:
    row: dict[str, Any] = column_values(stored_values(TASKS, task.fields))
    return {**row, "version": row["version"] + 1}


def _tag_ids(tasks: Iterable[Reverted]) -> list[str]:
    return [to_json(task.fields["tags"]).decode() for task in tasks]

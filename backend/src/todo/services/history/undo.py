"""Undo: a request is taken back as a whole, as a new change (ADR 0055)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from todo.core.clock import utc_now
from todo.core.database.session import Row
from todo.schemas.changes.history import UndoResult
from todo.services.authentication import Principal
from todo.services.history import statements
from todo.services.history.batches import CHANGING, deleted_resources, new_resources, without_merged
from todo.services.history.errors import (
    AlreadyUndoneError,
    ChangeNotFoundError,
    ChangePurgedError,
    UndoConflictError,
)
from todo.services.history.places import find_contents_of, place_tasks
from todo.services.history.references import Existing, read_existing
from todo.services.occurrences.restore import RevertedOccurrences, revert_occurrences
from todo.services.resources.access import ResourceKey, entry_fields, read_items, shown_keys
from todo.services.resources.registry import LOGGED
from todo.services.shared.log.logged_values import stored_values
from todo.services.shared.log.reverted import Reverted
from todo.services.shared.log.writer import Writer
from todo.services.subtasks.tree import Tree
from todo.services.tags.statements import TAG
from todo.services.tasks import restore as tasks
from todo.services.tasks.write_statements import TASK

State = Mapping[str, Any]
BESIDE = {"tags", "occurrences"}
"""The fields that other tables have."""


@dataclass
class Inverse:
    """The writes that take a request back, and what stands against them.

    Attributes:
        restored: deleted resources to insert, by type.
        reverted: existing resources with the fields to write, by type.
        removed: created resources to delete, by type.
        occurrences: records of repeating tasks to write again or to remove.
        tags: by task, the change that is taken back and the ids of the task's tags after the undo.
        linked: by task, the ids of the task's tags before and after deleted tags are put back.
        tree: the tasks in their new places, with the subtasks that follow.
        conflicts: fields that were changed since, after the type and the id of their resource.
        left_out: fields whose content cannot come back, such as a tag that is gone.
    """

    restored: dict[str, list[Reverted]] = field(default_factory=dict)
    reverted: dict[str, list[Reverted]] = field(default_factory=dict)
    removed: dict[str, list[Reverted]] = field(default_factory=dict)
    occurrences: list[RevertedOccurrences] = field(default_factory=list)
    tags: dict[int, tuple[int | None, list[int]]] = field(default_factory=dict)
    linked: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)
    tree: Tree = field(default_factory=Tree)
    conflicts: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def tagged(self) -> list[ResourceKey]:
        """The keys of the tasks whose tags are written."""
        return [(TASK, task_id) for task_id in (*self.tags, *self.linked)]

    async def write(self, writer: Writer) -> None:
        """Write everything: resources before what refers to them, and deletions last."""
        for type_, resource in LOGGED.items():
            if type_ in self.restored:
                await resource.restore(writer, self.restored[type_])
        for type_, resource in LOGGED.items():
            if type_ in self.reverted:
                await resource.revert(writer, self.reverted[type_])
        await tasks.move_followers(writer, self.tree)
        await revert_occurrences(writer, self.occurrences)
        tagged = [Reverted(seq, task_id, {"tags": ids}) for task_id, (seq, ids) in self.tags.items()]
        await tasks.set_tags(writer, tagged)
        await tasks.link_tags(writer, self.linked)
        for type_, resource in reversed([*LOGGED.items()]):
            if type_ in self.removed:
                await resource.remove(writer, self.removed[type_])


async def undo_change(writer: Writer, principal: Principal, seq: int, *, force: bool) -> UndoResult:
    """Undo the request that a change was part of (HIS-006 to HIS-014).

    Raises:
        ChangeNotFoundError: the user has no such change.
        InsufficientScopeError: the principal may not write a type of the request's changes.
        AlreadyUndoneError: all changes of the request were undone already.
        ChangePurgedError: the content of a change was purged.
        UndoConflictError: a field was changed since, and `force` is false.
        TagNameTakenError: a tag to put back has the name of another tag.
        ExternalIdTakenError: a task to put back has the external id of another task.
    """
    async with writer.transaction():
        change = await writer.session.fetch_one(statements.SELECT_CHANGE, user_id=writer.user_id, seq=seq)
        if change is None or change["type"] not in LOGGED:
            raise ChangeNotFoundError
        batch = await _read_batch(writer, change["batch"])
        for type_ in {row["type"] for row in batch}:
            LOGGED[type_].require_write(principal)
        remaining = [row for row in batch if row["undone_by"] is None]
        if not remaining:
            raise AlreadyUndoneError
        inverse = await make_inverse(writer, remaining)
        if inverse.conflicts and not force:
            raise UndoConflictError(inverse.conflicts)
        await inverse.write(writer)
        await mark_undone(writer, remaining)
        keys: list[ResourceKey] = [(row["type"], row["id"]) for row in remaining]
        keys += inverse.tagged
        items = await read_items(writer.session, writer.user_id, shown_keys(principal, keys), utc_now())
    return UndoResult(seq=writer.batch, undoes=change["batch"], items=items)


async def _read_batch(writer: Writer, batch: int) -> list[Row]:
    """Return the changes of a batch, without those of the account."""
    rows = await writer.session.fetch_all(statements.select_batch(), user_id=writer.user_id, batch=batch)
    return [row for row in rows if row["type"] in LOGGED]


async def mark_undone(writer: Writer, changes: list[Row]) -> None:
    """Mark changes as undone by the writer. If they are an undo themselves, the first changes can be undone again.

    If only a part of the undo is undone, as by a restore from the trash, the first changes of its resources can be.
    """
    if writer.batch is None:
        return
    await writer.session.fetch_all(
        statements.SET_UNDONE_BY,
        user_id=writer.user_id,
        seqs=[change["seq"] for change in changes],
        undone_by=writer.batch,
    )
    for type_ in LOGGED:
        ids = [change["id"] for change in changes if (change["type"], change["action"]) == (type_, "delete")]
        if ids:
            await writer.session.fetch_all(
                statements.MARK_DELETIONS, user_id=writer.user_id, type=type_, ids=ids, undone_by=writer.batch
            )
    first = next((change for change in changes if change["undoes"] is not None), None)
    if first is None:
        return
    original = await writer.session.fetch_one(statements.SELECT_CHANGE, user_id=writer.user_id, seq=first["undoes"])
    if original is not None:
        rows = await _read_batch(writer, original["batch"])
        keys = {(change["type"], change["id"]) for change in changes}
        is_whole = all(row["undone_by"] is not None for row in await _read_batch(writer, first["batch"]))
        seqs = [
            row["seq"]
            for row in rows
            if row["undone_by"] == first["batch"] and (is_whole or (row["type"], row["id"]) in keys)
        ]
        await writer.session.fetch_all(statements.CLEAR_UNDONE_BY, user_id=writer.user_id, seqs=seqs)


async def make_inverse(writer: Writer, changes: list[Row]) -> Inverse:
    """Return the writes that take changes back, compared with the current state.

    Raises:
        ChangePurgedError: the content of a change was purged.
    """
    if any(change["before"] is None and change["after"] is None for change in changes):
        raise ChangePurgedError
    keys = [(change["type"], change["id"]) for change in changes]
    linked = {
        task_id
        for change in changes
        if change["type"] == TAG and change["action"] == "delete"
        for task_id in from_json(change["before"])["tasks"]
    }
    tag_ids_of = await tasks.read_tag_ids(writer.session, writer.user_id, linked)
    items = await read_items(writer.session, writer.user_id, keys, utc_now())
    current: dict[ResourceKey, Any] = {(item["type"], item["id"]): item["data"] for item in items}
    existing = await read_existing(writer, changes)
    inverse = Inverse()
    new, old = new_resources(changes), deleted_resources(changes)
    for change in without_merged(changes, new, old):
        key = (change["type"], change["id"])
        before, after = (from_json(change[name] or "{}") for name in ("before", "after"))
        state = current[key]
        if change["action"] == "delete" and state is not None:
            inverse.conflicts.append(f"{change['type']}.{change['id']}")
        elif change["action"] == "delete":
            _restore(inverse, change, old[key], existing)
            for task_id in before.get("tasks", ()):
                if task_id in inverse.tags:
                    seq, ids = inverse.tags[task_id]
                    inverse.tags[task_id] = (seq, sorted({*ids, change["id"]}))
                elif (old_ids := tag_ids_of.get(task_id)) is not None:
                    _, ids = inverse.linked.get(task_id, (old_ids, old_ids))
                    inverse.linked[task_id] = (old_ids, sorted({*ids, change["id"]}))
        elif state is None:
            inverse.conflicts.append(f"{change['type']}.{change['id']}")
        elif change["action"] in CHANGING:
            _revert(inverse, change, before, after, state, existing)
        else:
            _compare(inverse, change, entry_fields(change["type"], change["id"], new[key]), state)
            inverse.removed.setdefault(change["type"], []).append(Reverted(change["seq"], change["id"], {}))
    placed = place_tasks(inverse.restored.get(TASK, []), inverse.reverted.get(TASK, []), current, existing)
    inverse.restored[TASK], inverse.reverted[TASK] = placed.restored, placed.reverted
    inverse.conflicts += placed.conflicts
    inverse.left_out += placed.left_out
    inverse.tree = existing.tree
    _keep_removed_tags(inverse, current)
    removed = {type_: {resource.id for resource in some} for type_, some in inverse.removed.items()}
    inverse.conflicts += await find_contents_of(writer, removed, existing.tree)
    return inverse


def _keep_removed_tags(inverse: Inverse, current: Mapping[ResourceKey, Any]) -> None:
    """Leave the links of removed tags to the removal of the tags, whose log row names their tasks."""
    removed = {tag.id for tag in inverse.removed.get(TAG, ())}
    for task_id, (seq, ids) in [*inverse.tags.items()]:
        present = _ids(current[TASK, task_id])
        kept = sorted({*ids} | removed.intersection(present))
        if kept == present:
            del inverse.tags[task_id]
        else:
            inverse.tags[task_id] = (seq, kept)


def _restore(inverse: Inverse, change: Row, before: State, existing: Existing) -> None:
    fields = dict(before)
    if "tags" in fields:
        fields["tags"] = [tag_id for tag_id in fields["tags"] if tag_id in existing.tags]
        for tag_id in {*before["tags"]} - {*fields["tags"]}:
            inverse.conflicts.append(f"{change['type']}.{change['id']}.tags")
            inverse.left_out.append(f"tag.{tag_id}")
    inverse.restored.setdefault(change["type"], []).append(Reverted(change["seq"], change["id"], fields))


def _revert(inverse: Inverse, change: Row, before: State, after: State, state: State, existing: Existing) -> None:
    fields = {name: value for name, value in before.items() if name not in BESIDE}
    if "occurrences" in before:
        records = RevertedOccurrences(change["seq"], change["id"], before["occurrences"], after["occurrences"])
        inverse.occurrences.append(records)
    if "tags" in before:
        added, removed = {*after["tags"]} - {*before["tags"]}, {*before["tags"]} - {*after["tags"]}
        present = {*_ids(state)}
        if not added <= present or removed & present or not removed <= existing.tags:
            inverse.conflicts.append(f"{change['type']}.{change['id']}.tags")
        inverse.tags[change["id"]] = (change["seq"], sorted((present - added) | (removed & existing.tags)))
    if fields:
        _compare(inverse, change, {name: after[name] for name in fields if name in after}, state)
        resource = LOGGED[change["type"]]
        kept = {name: state[name] for name in resource.fields} if resource.reverts_all_fields else {}
        inverse.reverted.setdefault(change["type"], []).append(
            Reverted(change["seq"], change["id"], {**kept, **fields})
        )


def _compare(inverse: Inverse, change: Row, expected: State, state: State) -> None:
    """Note the fields whose value is not the expected one."""
    table = LOGGED[change["type"]].table
    stored = stored_values(table, expected)
    differing = [name for name in stored if name in state and stored[name] != state[name]]
    if "tags" in expected and sorted(expected["tags"]) != _ids(state):
        differing.append("tags")
    inverse.conflicts += [f"{change['type']}.{change['id']}.{name}" for name in differing]


def _ids(task: State) -> list[int]:
    return sorted(tag["id"] for tag in task["tags"])

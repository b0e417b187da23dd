"""Logged writes that put tasks and the tags on them back, for undo and for the trash (ADR 0055)."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, any_, delete, func, insert, literal_column, select, true, update
from sqlalchemy.dialects.postgresql import JSONB

from todo.models.task import EXTERNAL_ID_UNIQUE, OWNER_EXISTS
from todo.models.task_tag_link import TAG_EXISTS, TASK_EXISTS
from todo.services.authentication import InvalidTokenError
from todo.services.shared.arrays import INDEX, unnest
from todo.services.shared.log.insert_with_id import InsertWithId
from todo.services.shared.log.writes import (
    Logged,
    Write,
    advance_clock,
    created_values,
    json_object,
    log_changes,
    written,
)
from todo.services.shared.versions import next_version
from todo.services.tags.errors import TagNotFoundError
from todo.services.tasks.bulk_statements import ARE_OWN_TASKS, IDS
from todo.services.tasks.errors import CONTAINER_VIOLATIONS, ExternalIdTakenError, TaskNotFoundError
from todo.services.tasks.statements import LINKS, TASKS, USER_ID, tag_ids
from todo.services.tasks.write_statements import LOGGED_FIELDS, TASK

RESTORED_COLUMNS = [column.name for column in TASKS.columns if column.name not in {"user_id", "id", "updated_at"}]
LINK_VIOLATIONS = {TASK_EXISTS: TaskNotFoundError, TAG_EXISTS: TagNotFoundError}
_linked = unnest(("linked_task_id", BigInteger()), ("linked_tag_id", BigInteger()), name="linked")
"""The tags of the tasks after the write."""


def _linked_tags(task_id: ColumnElement[int]) -> ColumnElement[Any]:
    ids = select(_linked.c.linked_tag_id).where(_linked.c.linked_task_id == task_id).order_by(_linked.c.linked_tag_id)
    return func.to_jsonb(func.array(ids.correlate_except(_linked).scalar_subquery()), type_=JSONB)


def _restore_tasks() -> Write:
    item = unnest(
        ("id", BigInteger()), ("undoes", BigInteger()), *((name, TASKS.c[name].type) for name in RESTORED_COLUMNS)
    )
    plan = select(*item.c, true().label("is_changed")).cte("plan")
    clock = advance_clock(plan, many=True)
    columns = [plan.c[name] for name in ["id", *RESTORED_COLUMNS]]
    rows = select(USER_ID, *columns, func.now()).select_from(plan.join(clock, true()))
    task = InsertWithId(TASKS).from_select(["user_id", "id", *RESTORED_COLUMNS, "updated_at"], rows).cte("restored")
    links = select(USER_ID, _linked.c.linked_task_id, _linked.c.linked_tag_id).select_from(_linked.join(clock, true()))
    link = insert(LINKS).from_select(["user_id", "task_id", "tag_id"], links).cte("link")
    fields: dict[str, ColumnElement[Any]] = {name: plan.c[name] for name in LOGGED_FIELDS}
    fields["tags"] = _linked_tags(plan.c.id)
    content = Logged(TASK, "restore", after=created_values(fields), undoes=plan.c.undoes)
    log = log_changes(clock, plan, content, order=plan.c[INDEX])
    violations = {
        OWNER_EXISTS: InvalidTokenError,
        EXTERNAL_ID_UNIQUE: ExternalIdTakenError,
        **CONTAINER_VIOLATIONS,
        **LINK_VIOLATIONS,
    }
    return Write(written(plan, clock, plan.c.id).add_cte(task, link, log), violations)


def _set_tags() -> Write:
    undoes = unnest(("id", BigInteger()), ("undoes", BigInteger()))
    old, new = tag_ids(TASKS.c), _linked_tags(TASKS.c.id)
    plan = (
        select(
            TASKS.c.id,
            *(value.label(name) for name, value in next_version(TASKS).items()),
            old.is_distinct_from(new).label("is_changed"),
            old.label("old_ids"),
            new.label("new_ids"),
            undoes.c.undoes,
            undoes.c[INDEX],
        )
        .join(undoes, undoes.c.id == TASKS.c.id)
        .where(*ARE_OWN_TASKS)
        .cte("plan")
    )
    clock = advance_clock(plan, many=True)
    is_planned = clock.c.seq.is_not(None)
    is_linked = (
        select(literal_column("1"))
        .where(_linked.c.linked_task_id == LINKS.c.task_id, _linked.c.linked_tag_id == LINKS.c.tag_id)
        .correlate(LINKS)
        .exists()
    )
    removed = delete(LINKS).where(LINKS.c.user_id == USER_ID, LINKS.c.task_id == any_(IDS), ~is_linked, is_planned)
    has_link = (
        select(literal_column("1"))
        .where(
            LINKS.c.user_id == USER_ID,
            LINKS.c.task_id == _linked.c.linked_task_id,
            LINKS.c.tag_id == _linked.c.linked_tag_id,
        )
        .correlate(_linked)
        .exists()
    )
    rows = (
        select(USER_ID, _linked.c.linked_task_id, _linked.c.linked_tag_id)
        .select_from(_linked.join(clock, true()))
        .where(~has_link)
    )
    added = insert(LINKS).from_select(["user_id", "task_id", "tag_id"], rows)
    task = (
        update(TASKS)
        .where(TASKS.c.user_id == USER_ID, TASKS.c.id == plan.c.id, plan.c.is_changed, is_planned)
        .values({name: plan.c[name] for name in next_version(TASKS)})
    )
    content = Logged(
        TASK,
        "update",
        json_object({"tags": plan.c.old_ids}),
        json_object({"tags": plan.c.new_ids}),
        plan.c.undoes,
    )
    log = log_changes(clock, plan, content, order=plan.c[INDEX])
    ctes = (removed.cte("removed"), added.cte("added"), task.cte("updated"), log)
    return Write(written(plan, clock, plan.c.id).add_cte(*ctes), LINK_VIOLATIONS)


RESTORE_TASKS = _restore_tasks()
SET_TAGS = _set_tags()
"""Replaces the tags of tasks; a task whose tags stay the same is not changed."""

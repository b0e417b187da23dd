"""Logged writes that put tasks and the tags on them back, for undo and for the trash (ADR 0055)."""

from typing import Any

from sqlalchemy import CTE, BigInteger, ColumnElement, Text, cast, column, delete, func, insert, select, true, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import TableValuedAlias

from todo.core.database.statement import Statement
from todo.models.task import EXTERNAL_ID_UNIQUE, OWNER_EXISTS
from todo.services.authentication import InvalidTokenError
from todo.services.shared.arrays import INDEX, unnest
from todo.services.shared.lists import ONE
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
from todo.services.tasks.bulk_statements import ARE_OWN_TASKS
from todo.services.tasks.errors import CONTAINER_VIOLATIONS, LINK_VIOLATIONS, ExternalIdTakenError
from todo.services.tasks.statements import LINKS, TASKS, USER_ID, tag_ids
from todo.services.tasks.write_statements import LOGGED_FIELDS, TASK

RESTORED_COLUMNS = [column.name for column in TASKS.columns if column.name not in {"user_id", "id", "updated_at"}]


def _elements(ids: ColumnElement[Any]) -> TableValuedAlias:
    """Return the rows of a JSON array of ids, with the column `id`."""
    return func.jsonb_array_elements(ids).table_valued(column("id", JSONB)).render_derived(name="element")


def _restore_tasks() -> Write:
    item = unnest(
        *(("id", BigInteger()), ("undoes", BigInteger()), ("tag_ids", JSONB())),
        *((name, TASKS.c[name].type) for name in RESTORED_COLUMNS),
    )
    plan = select(*item.c, true().label("is_changed")).cte("plan")
    clock = advance_clock(plan, many=True)
    columns = [plan.c[name] for name in ["id", *RESTORED_COLUMNS]]
    rows = select(USER_ID, *columns, func.now()).select_from(plan.join(clock, true()))
    task = InsertWithId(TASKS).from_select(["user_id", "id", *RESTORED_COLUMNS, "updated_at"], rows).cte("restored")
    tag = _elements(plan.c.tag_ids)
    links = select(USER_ID, plan.c.id, cast(tag.c.id, BigInteger)).select_from(
        plan.join(clock, true()).join(tag, true())
    )
    link = insert(LINKS).from_select(["user_id", "task_id", "tag_id"], links).cte("link")
    fields: dict[str, ColumnElement[Any]] = {name: plan.c[name] for name in LOGGED_FIELDS}
    fields["tags"] = plan.c.tag_ids
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
    item = unnest(("id", BigInteger()), ("undoes", BigInteger()), ("tag_ids", JSONB()))
    # The limit makes PostgreSQL look up each task by its key. It would otherwise read all tasks of the user.
    own_task = (
        select(TASKS.c.id, *(value.label(name) for name, value in next_version(TASKS).items()))
        .where(TASKS.c.user_id == USER_ID, TASKS.c.id == item.c.id)
        .limit(ONE)
        .lateral("task")
    )
    old = tag_ids(own_task.c)
    plan = (
        select(
            *own_task.c,
            old.is_distinct_from(item.c.tag_ids).label("is_changed"),
            old.label("old_ids"),
            item.c.tag_ids.label("new_ids"),
            item.c.undoes,
            item.c[INDEX],
        )
        .select_from(item.join(own_task, true()))
        .cte("plan")
    )
    clock = advance_clock(plan, many=True)
    is_planned = clock.c.seq.is_not(None)
    # Citus accepts only immutable functions in the condition of a DELETE, and to_jsonb() is not immutable.
    is_kept = plan.c.new_ids.contains(cast(cast(LINKS.c.tag_id, Text), JSONB))
    removed = delete(LINKS).where(LINKS.c.user_id == USER_ID, LINKS.c.task_id == plan.c.id, ~is_kept, is_planned)
    task = (
        update(TASKS)
        .where(TASKS.c.user_id == USER_ID, TASKS.c.id == plan.c.id, plan.c.is_changed, is_planned)
        .values({name: plan.c[name] for name in next_version(TASKS)})
    )
    content = _new_tags(plan)._replace(undoes=plan.c.undoes)
    log = log_changes(clock, plan, content, order=plan.c[INDEX])
    ctes = (removed.cte("removed"), _add_links(plan, clock), task.cte("updated"), log)
    return Write(written(plan, clock, plan.c.id).add_cte(*ctes), LINK_VIOLATIONS)


def _link_tags() -> Write:
    item = unnest(("id", BigInteger()), ("old_ids", JSONB()), ("new_ids", JSONB()))
    plan = select(*item.c, true().label("is_changed")).cte("plan")
    clock = advance_clock(plan, many=True)
    log = log_changes(clock, plan, _new_tags(plan), order=plan.c[INDEX])
    return Write(written(plan, clock, plan.c.id).add_cte(_add_links(plan, clock), log), LINK_VIOLATIONS)


def _add_links(plan: CTE, clock: CTE) -> CTE:
    """Return the CTE that inserts the links to tags of `new_ids` that are not in `old_ids`."""
    tag = _elements(plan.c.new_ids)
    rows = (
        select(USER_ID, plan.c.id, cast(tag.c.id, BigInteger))
        .select_from(plan.join(clock, true()).join(tag, true()))
        .where(~plan.c.old_ids.contains(tag.c.id))
    )
    return insert(LINKS).from_select(["user_id", "task_id", "tag_id"], rows).cte("added")


def _new_tags(plan: CTE) -> Logged:
    return Logged(TASK, "update", json_object({"tags": plan.c.old_ids}), json_object({"tags": plan.c.new_ids}))


SELECT_TAG_IDS = Statement(select(TASKS.c.id, tag_ids(TASKS.c).label("tag_ids")).where(*ARE_OWN_TASKS))
RESTORE_TASKS = _restore_tasks()
LINK_TAGS = _link_tags()
SET_TAGS = _set_tags()
"""Replaces the tags of tasks; a task whose tags stay the same is not changed."""

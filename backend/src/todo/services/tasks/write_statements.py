"""Logged writes of single tasks. A write of a title or description writes its folded text for searches too."""

from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Text,
    bindparam,
    delete,
    exists,
    insert,
    literal_column,
    or_,
    select,
    true,
    update,
)

from todo.models.task import EXTERNAL_ID_UNIQUE, OWNER_EXISTS
from todo.models.task_search import SEARCHED_TASK_EXISTS
from todo.services.authentication import InvalidTokenError
from todo.services.shared.log.writes import (
    CLOCKS,
    Logged,
    Write,
    advance_clock,
    advance_clock_once,
    created_values,
    difference,
    log_changes,
    written,
)
from todo.services.shared.tables import binds_of
from todo.services.shared.versions import entity_tag_matches, next_version
from todo.services.tasks.derived import SEARCHED_FIELDS, completed_at, new_state
from todo.services.tasks.errors import ExternalIdTakenError, TaskNotFoundError
from todo.services.tasks.statements import (
    COLUMNS,
    IS_OWN_TASK,
    LINKS,
    SEARCH,
    TASKS,
    USER_ID,
    tag_ids,
    tags_digest,
    tags_json,
)

TASK = "task"
"""The type of tasks in the change log."""
VIOLATIONS = {
    OWNER_EXISTS: InvalidTokenError,
    EXTERNAL_ID_UNIQUE: ExternalIdTakenError,
    SEARCHED_TASK_EXISTS: TaskNotFoundError,
}
SEARCH_TEXTS = {field: bindparam(parameter, type_=Text) for field, parameter in SEARCHED_FIELDS.items()}
NO_TAGS: ColumnElement[str] = literal_column("'[]'")
DELETED_COLUMNS = {column.name: column for column in COLUMNS if column.name not in {"user_id", "id"}}
"""The columns of a deleted task in the log, beside the ids of its tags."""
LOGGED_FIELDS = [name for name in DELETED_COLUMNS if name not in {"version", "created_at", "updated_at"}]
"""The fields in the log of a new and of a changed task."""


@cache
def insert_task(fields: frozenset[str], *, once: bool) -> Write:
    """Return the write of a new task with these columns, which are those of `derived.column_values` that are not null.

    It has the parameters of `derived.search_values` too. With `once` it returns no row if the user has a task with the
    `external_id`, which is then one of the fields.
    """
    columns: dict[str, ColumnElement[Any]] = {**binds_of(TASKS, sorted(fields))}
    columns["completed_at"] = completed_at(columns["completed"])
    plan = _is_unknown_external_id() if once else None
    clock = advance_clock_once() if plan is None else advance_clock(plan)
    new_row = select(USER_ID, *columns.values()).select_from(clock)
    inserted = insert(TASKS).from_select(["user_id", *columns], new_row)
    task = inserted.returning(*COLUMNS, true().label("is_changed")).cte("task")
    searched = select(CLOCKS.c.user_id, task.c.id, *SEARCH_TEXTS.values()).join(CLOCKS, CLOCKS.c.user_id == USER_ID)
    search = insert(SEARCH).from_select(["user_id", "task_id", *SEARCH_TEXTS], searched).cte("search")
    after = created_values({name: task.c[name] for name in LOGGED_FIELDS if name in columns})
    log = log_changes(clock, task, Logged(TASK, "create", after=after))
    shown = [*(task.c[column.name] for column in COLUMNS), NO_TAGS.label("tags")]
    result = written(task, clock, *shown) if plan is None else written(plan, clock, *shown, new=task)
    return Write(result.add_cte(search, log), violations=VIOLATIONS, always_changes=plan is None)


def _is_unknown_external_id() -> CTE:
    external_id = bindparam("external_id", type_=TASKS.c.external_id.type)
    is_known = exists().where(TASKS.c.user_id == USER_ID, TASKS.c.external_id == external_id)
    return select(true().label("is_changed")).where(~is_known).cte("plan")


@cache
def update_task(fields: frozenset[str], *, conditional: bool) -> Write:
    """Return the write of these columns of one task, which are those of `derived.column_values`.

    It has the parameters of `derived.search_values` too. A conditional one has `entity_tags`.
    """
    condition = [entity_tag_matches(TASKS, tags_digest(TASKS.c))] if conditional else []
    new = new_state(TASKS.c, binds_of(TASKS, sorted(fields)))
    logged = {name: value for name, value in new.items() if name in LOGGED_FIELDS}
    is_changed, before, after = difference(TASKS.c, logged)
    state = {column.name: column for column in COLUMNS} | new | next_version(TASKS, is_changed)
    plan = (
        select(
            *(column.label(name) for name, column in state.items()),
            is_changed.label("is_changed"),
            before.label("before"),
            after.label("after"),
        )
        .where(*IS_OWN_TASK, *condition)
        .cte("plan")
    )
    clock = advance_clock(plan)
    updated = (
        update(TASKS)
        .where(TASKS.c.user_id == USER_ID, TASKS.c.id == plan.c.id, clock.c.seq.is_not(None))
        .values({name: plan.c[name] for name in [*new, *next_version(TASKS, is_changed)]})
        .cte("updated")
    )
    log = log_changes(clock, plan, Logged(TASK, "update", before=plan.c.before, after=plan.c.after))
    columns = [plan.c[column.name] for column in COLUMNS]
    texts = {field: SEARCH_TEXTS[field] for field in SEARCH_TEXTS if field in fields}
    statement = written(plan, clock, *columns, tags_json(plan.c)).add_cte(updated, log)
    if texts:
        is_own = (SEARCH.c.user_id == USER_ID, SEARCH.c.task_id == plan.c.id, clock.c.seq.is_not(None))
        differs = or_(*(SEARCH.c[field] != text for field, text in texts.items()))
        statement = statement.add_cte(update(SEARCH).where(*is_own, differs).values(**texts).cte("search"))
    return Write(statement)


@cache
def delete_task(*, conditional: bool) -> Write:
    """Return the write that deletes a task with its links; a conditional one has the parameter `entity_tags`."""
    condition = [entity_tag_matches(TASKS, tags_digest(TASKS.c))] if conditional else []
    before = created_values(DELETED_COLUMNS | {"tags": tag_ids(TASKS.c)})
    plan = (
        select(TASKS.c.id, true().label("is_changed"), before.label("before"))
        .where(*IS_OWN_TASK, *condition)
        .cte("plan")
    )
    clock = advance_clock(plan)
    links = (
        delete(LINKS)
        .where(LINKS.c.user_id == USER_ID, LINKS.c.task_id == plan.c.id, clock.c.seq.is_not(None))
        .cte("deleted_links")
    )
    task = (
        delete(TASKS)
        .where(TASKS.c.user_id == USER_ID, TASKS.c.id == plan.c.id, clock.c.seq.is_not(None))
        .cte("deleted")
    )
    log = log_changes(clock, plan, Logged(TASK, "delete", before=plan.c.before))
    return Write(written(plan, clock, plan.c.id).add_cte(links, task, log))

"""Logged writes of single tasks. A write of a title or description writes its folded text for searches too."""

from collections.abc import Container, Mapping
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Text,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    update,
)

from todo.core.database.statement import VARIANTS_MAX
from todo.models.task import EXTERNAL_ID_UNIQUE, OWNER_EXISTS
from todo.models.task_search import SEARCHED_TASK_EXISTS
from todo.services.authentication import InvalidTokenError
from todo.services.projects.statements import PROJECTS
from todo.services.sections.containers import CONTAINER_FIELDS
from todo.services.sections.statements import SECTIONS
from todo.services.shared.log.writes import (
    ONE,
    Logged,
    Write,
    advance_clock,
    advance_clock_by,
    created_values,
    difference,
    log_changes,
    written,
)
from todo.services.shared.tables import binds_of
from todo.services.shared.versions import entity_tag_matches, next_version
from todo.services.tasks.derived import SEARCHED_FIELDS, completed_at, new_state
from todo.services.tasks.errors import (
    CONTAINER_VIOLATIONS,
    LINK_VIOLATIONS,
    ExternalIdTakenError,
    TaskNotFoundError,
)
from todo.services.tasks.statements import (
    COLUMNS,
    HAS_SUBTASKS,
    IS_OWN_TASK,
    LINKS,
    SEARCH,
    STATE,
    TASKS,
    USER_ID,
    tag_ids,
    tags_digest,
    tags_json,
)
from todo.services.tasks.tagging.named import add_links, are_found, logged_ids, named_tags, shown_array

TASK = "task"
"""The type of tasks in the change log."""
VIOLATIONS = {
    OWNER_EXISTS: InvalidTokenError,
    EXTERNAL_ID_UNIQUE: ExternalIdTakenError,
    SEARCHED_TASK_EXISTS: TaskNotFoundError,
    **CONTAINER_VIOLATIONS,
}
SEARCH_TEXTS = {field: bindparam(parameter, type_=Text) for field, parameter in SEARCHED_FIELDS.items()}
NO_TAGS: ColumnElement[str] = literal_column("'[]'")
DELETED_COLUMNS = {column.name: column for column in COLUMNS if column.name not in {"user_id", "id"}}
"""The columns of a deleted task in the log, beside the ids of its tags."""
LOGGED_FIELDS = [name for name in DELETED_COLUMNS if name not in {"version", "created_at", "updated_at"}]
"""The fields in the log of a new and of a changed task."""


@lru_cache(maxsize=VARIANTS_MAX)
def insert_task(fields: frozenset[str], *, once: bool = False, tagged: bool = False) -> Write:
    """Return the write of a new task with these columns, which are those of `derived.new_columns`.

    It has the parameters of `derived.search_values` too. With `once` it returns no row if the user has a task with the
    `external_id`, which is then one of the fields. With `tagged` the task gets the tags with the ids `tag_ids` and the
    names `tag_names`, and there is no row if they are not `tag_count`.
    """
    columns: dict[str, ColumnElement[Any]] = {**binds_of(TASKS, sorted(fields))}
    if "completed" in fields:
        columns["completed_at"] = completed_at(columns["completed"])
    tag = named_tags() if tagged else None
    plan = _plan_of_insert(columns, tag, once=once)
    clock = advance_clock_by(ONE) if plan is None else advance_clock(plan)
    source: FromClause = clock
    if plan is not None:
        source = clock.join(plan, true())
        columns |= {column.name: column for column in plan.c if column.name in TASKS.c}
    new_row = select(USER_ID, *columns.values()).select_from(source)
    inserted = insert(TASKS).from_select(["user_id", *columns], new_row)
    task = inserted.returning(*COLUMNS, true().label("is_changed")).cte("task")
    searched = select(task.c.user_id, task.c.id, *SEARCH_TEXTS.values())
    search = insert(SEARCH).from_select(["user_id", "task_id", *SEARCH_TEXTS], searched).cte("search")
    logged: dict[str, ColumnElement[Any]] = {name: task.c[name] for name in new_fields(columns)}
    ctes, tags = [search], NO_TAGS
    if tag is not None:
        ctes, tags = [search, add_links(tag, task)], shown_array(tag)
        logged["tags"] = logged_ids(tag)
    log = log_changes(clock, task, Logged(TASK, "create", after=created_values(logged)))
    shown = [*(task.c[column.name] for column in COLUMNS), tags.label("tags")]
    result = written(task, clock, *shown) if plan is None else written(plan, clock, *shown, new=task)
    violations = VIOLATIONS if tag is None else VIOLATIONS | LINK_VIOLATIONS
    return Write(result.add_cte(*ctes, log), violations=violations, always_changes=plan is None)


def new_fields(columns: Container[str]) -> list[str]:
    """Return the fields in the log of a new task with values for these columns: also those with a default."""
    return [name for name in LOGGED_FIELDS if name in columns or TASKS.c[name].server_default is not None]


def _plan_of_insert(columns: Mapping[str, ColumnElement[Any]], tag: CTE | None, *, once: bool) -> CTE | None:
    """Return the plan of a new task, or None if the insert depends on no other row.

    A task in a section gets the project of the section, and a task in a project gets `archived` of the project. If one
    of them does not exist, a constraint is violated.
    """
    if not once and tag is None and columns.keys().isdisjoint(CONTAINER_FIELDS):
        return None
    plan = select(true().label("is_changed"))
    if tag is not None:
        plan = plan.where(are_found(tag))
    if once:
        is_known = exists().where(TASKS.c.user_id == USER_ID, TASKS.c.external_id == columns["external_id"])
        plan = plan.where(~is_known)
    project_id = columns.get("project_id")
    if "section_id" in columns and project_id is None:
        is_section = (SECTIONS.c.user_id == USER_ID, SECTIONS.c.id == columns["section_id"])
        project_id = select(SECTIONS.c.project_id).where(*is_section).scalar_subquery()
        plan = plan.add_columns(project_id.label("project_id"))
    if project_id is not None:
        is_project = (PROJECTS.c.user_id == USER_ID, PROJECTS.c.id == project_id)
        archived = select(PROJECTS.c.archived).where(*is_project).scalar_subquery()
        plan = plan.add_columns(func.coalesce(archived, false()).label("archived"))
    return plan.cte("plan")


@lru_cache(maxsize=VARIANTS_MAX)
def update_task(fields: frozenset[str], *, conditional: bool) -> Write:
    """Return the write of these columns of one task, which are those of `derived.column_values`.

    It has the parameters of `derived.search_values` too. A conditional one has `entity_tags`.
    """
    condition = [entity_tag_matches(TASKS, tags_digest(TASKS.c))] if conditional else []
    new = new_state(TASKS.c, binds_of(TASKS, sorted(fields)))
    logged = {name: value for name, value in new.items() if name in LOGGED_FIELDS}
    is_changed, before, after = difference(STATE, logged)
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
    return Write(statement, violations=CONTAINER_VIOLATIONS)


@cache
def delete_task(*, conditional: bool) -> Write:
    """Return the write that deletes a task with its links, if it has no subtasks.

    A conditional one has the parameter `entity_tags`.
    """
    condition = [entity_tag_matches(TASKS, tags_digest(TASKS.c))] if conditional else []
    before = created_values(DELETED_COLUMNS | {"tags": tag_ids(TASKS.c)})
    plan = (
        select(TASKS.c.id, (~HAS_SUBTASKS).label("is_changed"), before.label("before"))
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

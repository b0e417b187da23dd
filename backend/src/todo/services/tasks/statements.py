"""Statements on single tasks. A write of a title or description writes its folded text for searches too."""

from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Boolean,
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from todo.core.database.statement import Statement
from todo.models import Tag, Task, TaskSearch, TaskTagLink
from todo.models.task import OWNER_EXISTS
from todo.models.task_search import SEARCHED_TASK_EXISTS
from todo.schemas.entity_tag import DIGEST_LENGTH
from todo.schemas.tasks.task import TaskCreate, TaskFields, TaskPublic
from todo.services.authentication import InvalidTokenError
from todo.services.shared.lists import ONE, Columns
from todo.services.shared.tables import binds_of, columns_of, table_of
from todo.services.shared.versions import bump_version, entity_tag_matches
from todo.services.tasks.derived import SEARCHED_FIELDS, column_names
from todo.services.tasks.errors import TaskNotFoundError

TASKS, SEARCH, TAGS, LINKS = table_of(Task), table_of(TaskSearch), table_of(Tag), table_of(TaskTagLink)

USER_ID = bindparam("user_id", type_=TASKS.c.user_id.type)
TASK_ID = bindparam("task_id", type_=BigInteger)
IS_OWN_TASK = (TASKS.c.user_id == USER_ID, TASKS.c.id == TASK_ID)
COLUMNS = columns_of(TASKS, TaskPublic, without=["tags"])
TAG_ORDER = ("name_key", "name")
"""The columns by which the tags of a task are ordered, by code point."""
VIOLATIONS = {OWNER_EXISTS: InvalidTokenError, SEARCHED_TASK_EXISTS: TaskNotFoundError}
SEARCH_TEXTS = {field: bindparam(parameter, type_=Text) for field, parameter in SEARCHED_FIELDS.items()}

IS_NEW: ColumnElement[bool] = literal_column("tasks.xmax = 0", Boolean).label("created")
"""Whether an upsert inserted the row that it returns: an inserted row was never locked, so its `xmax` is 0."""


def tags_json(task: Columns) -> ColumnElement[str]:
    """Return the JSON array of a task's tags, ordered by name; `task` has `user_id` and `id`."""
    tag = _tag_of_link()
    shown = func.json_build_object(
        literal_column("'id'"),
        tag.c.id,
        literal_column("'name'"),
        tag.c.name,
        literal_column("'color'"),
        tag.c.color,
    )
    order = [tag.c[name].collate("C") for name in TAG_ORDER]
    tags = func.json_agg(aggregate_order_by(shown, *order))
    return _from_links(func.coalesce(tags, literal_column("'[]'")), task, tag).label("tags")


def tags_digest(task: Columns) -> ColumnElement[str]:
    """Return the digest of a task's tags, as `schemas.entity_tag.tags_digest` computes it."""
    tag = _tag_of_link()
    separator: ColumnElement[str] = literal_column("chr(31)")
    shown = cast(tag.c.id, Text).concat(separator).concat(tag.c.name).concat(separator)
    shown = shown.concat(func.coalesce(tag.c.color, literal_column("''")))
    order = [tag.c[name].collate("C") for name in TAG_ORDER]
    joined = func.string_agg(shown, aggregate_order_by(literal_column("chr(30)"), *order))
    content = func.convert_to(func.coalesce(joined, literal_column("''")), literal_column("'UTF8'"))
    digest = func.left(func.encode(func.sha256(content), literal_column("'hex'")), literal_column(str(DIGEST_LENGTH)))
    return _from_links(digest, task, tag).scalar_subquery()


def _tag_of_link() -> Any:
    """Return the tag of a link, looked up by its key.

    Without the limit PostgreSQL reads all tags of the user for each task.
    """
    is_linked = (TAGS.c.user_id == LINKS.c.user_id, TAGS.c.id == LINKS.c.tag_id)
    return select(TAGS.c.id, TAGS.c.name, TAGS.c.name_key, TAGS.c.color).where(*is_linked).limit(ONE).lateral("tag")


def _from_links(value: ColumnElement[Any], task: Columns, tag: Any) -> Select[Any]:
    return (
        select(value)
        .select_from(LINKS.join(tag, true()))
        .where(LINKS.c.user_id == task["user_id"], LINKS.c.task_id == task["id"])
        .correlate_except(LINKS, tag)
    )


def _snapshot_version(column: str, value: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the version of a task in the statement's snapshot.

    A write that waited for another write returns the newest row, but its subqueries still read the older snapshot.
    Then the tags in the result may belong to an earlier version.
    """
    snapshot = TASKS.alias("snapshot")
    return (
        select(snapshot.c.version)
        .where(snapshot.c.user_id == USER_ID, snapshot.c[column] == value)
        .label("snapshot_version")
    )


def _insert_search(task: CTE, *conditions: ColumnElement[bool]) -> CTE:
    """Return the insertion of the search row of an inserted task."""
    row = select(task.c.user_id, task.c.id, *SEARCH_TEXTS.values()).where(*conditions)
    return insert(SEARCH).from_select(["user_id", "task_id", *SEARCH_TEXTS], row).cte("search")


@cache
def update_task(fields: frozenset[str], *, conditional: bool) -> Statement:
    """Return the statement that writes these fields of one task.

    It has the parameters of `derived.column_values` and `derived.search_values`; a conditional one has `entity_tags`.
    """
    condition = [entity_tag_matches(TASKS, tags_digest(TASKS.c))] if conditional else []
    updated = (
        update(TASKS)
        .where(*IS_OWN_TASK, *condition)
        .values(**binds_of(TASKS, column_names(sorted(fields))), **bump_version(TASKS))
    )
    texts = {field: SEARCH_TEXTS[field] for field in SEARCH_TEXTS if field in fields}
    if not texts:
        return Statement(updated.returning(*COLUMNS, tags_json(TASKS.c), _snapshot_version("id", TASK_ID)))
    task = updated.returning(*COLUMNS).cte("task")
    search = (
        update(SEARCH).where(SEARCH.c.user_id == USER_ID, SEARCH.c.task_id == task.c.id).values(**texts).cte("search")
    )
    return Statement(select(*task.c, tags_json(task.c), _snapshot_version("id", TASK_ID)).add_cte(search))


SELECT_TASK = Statement(select(*COLUMNS, tags_json(TASKS.c)).where(*IS_OWN_TASK))

SELECT_TASKS_AFTER = Statement(
    select(*COLUMNS, tags_json(TASKS.c))
    .where(TASKS.c.user_id == USER_ID, TASKS.c.id > TASK_ID)
    .order_by(TASKS.c.id)
    .limit(bindparam("limit", type_=BigInteger))
)


def _insert_task() -> Statement:
    columns = binds_of(TASKS, column_names(TaskFields.model_fields))
    task = insert(TASKS).values(user_id=USER_ID, **columns).returning(*COLUMNS).cte("task")
    return Statement(
        select(*task.c, literal_column("'[]'").label("tags")).add_cte(_insert_search(task)), violations=VIOLATIONS
    )


def _insert_task_once() -> Statement:
    columns = binds_of(TASKS, column_names(TaskCreate.model_fields))
    task = (
        insert(TASKS)
        .values(user_id=USER_ID, **columns)
        # The update changes no value. It makes the statement lock and return an existing row.
        .on_conflict_do_update(
            index_elements=["user_id", "external_id"],
            index_where=TASKS.c.external_id.is_not(None),
            set_={"external_id": TASKS.c.external_id},
        )
        .returning(*COLUMNS, IS_NEW)
        .cte("task")
    )
    return Statement(
        select(*task.c, tags_json(task.c), _snapshot_version("external_id", columns["external_id"])).add_cte(
            _insert_search(task, task.c.created)
        ),
        violations=VIOLATIONS,
    )


INSERT_TASK = _insert_task()
INSERT_TASK_ONCE = _insert_task_once()


@cache
def delete_task(*, conditional: bool) -> Statement:
    """Return the statement that deletes a task with its links; a conditional one has the parameter `entity_tags`."""
    condition = [entity_tag_matches(TASKS, tags_digest(TASKS.c))] if conditional else []
    return Statement(delete(TASKS).where(*IS_OWN_TASK, *condition).returning(TASKS.c.id))

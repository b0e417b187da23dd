"""Statements that read tasks, and their columns."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from todo.core.database.statement import Statement
from todo.models import Tag, Task, TaskSearch, TaskTagLink
from todo.schemas.entity_tag import DIGEST_LENGTH
from todo.schemas.tasks.task import TaskPublic
from todo.services.shared.lists import ONE, Columns
from todo.services.shared.positions import key_of
from todo.services.shared.tables import columns_of, table_of

TASKS, SEARCH, TAGS, LINKS = table_of(Task), table_of(TaskSearch), table_of(Tag), table_of(TaskTagLink)

USER_ID = bindparam("user_id", type_=TASKS.c.user_id.type)
TASK_ID = bindparam("task_id", type_=BigInteger)
IS_OWN_TASK = (TASKS.c.user_id == USER_ID, TASKS.c.id == TASK_ID)
COLUMNS = columns_of(TASKS, TaskPublic, without=["tags", "subtask_counts"])
STATE: dict[str, ColumnElement[Any]] = {**TASKS.c, "position": key_of(TASKS.c)}
"""The stored values as clients read them."""
TAG_ORDER = ("name_key", "name")
"""The columns by which the tags of a task are ordered, by code point."""


def tags_json(task: Columns) -> ColumnElement[str]:
    """Return the JSON array of a task's tags, ordered by name; `task` has `id`."""
    tag = _tag_of_link()
    return _from_links(tags_array(tag.c), task, tag).label("tags")


def tags_array(tag: Columns) -> ColumnElement[str]:
    """Return the aggregate of tags: a JSON array, ordered by name."""
    shown = func.json_build_object(
        literal_column("'id'"),
        tag["id"],
        literal_column("'name'"),
        tag["name"],
        literal_column("'color'"),
        tag["color"],
    )
    order = [tag[name].collate("C") for name in TAG_ORDER]
    return func.coalesce(func.json_agg(aggregate_order_by(shown, *order)), literal_column("'[]'"))


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


def tag_ids(task: Columns) -> ColumnElement[Any]:
    """Return the JSON array of the ids of a task's tags, in their order; `task` has `id`."""
    ids = select(LINKS.c.tag_id).where(LINKS.c.user_id == USER_ID, LINKS.c.task_id == task["id"])
    ordered = ids.order_by(LINKS.c.tag_id).correlate_except(LINKS)
    return func.to_jsonb(func.array(ordered.scalar_subquery()), type_=JSONB)


def subtask_counts(task: Columns, *, if_any: bool = False) -> ColumnElement[str]:
    """Return the JSON object with the numbers of a task's direct subtasks; `task` has `id`.

    With `if_any` it is null for a task without subtasks.
    """
    child = TASKS.alias("child")
    counts: ColumnElement[str] = func.json_build_object(
        literal_column("'total'"),
        func.count(),
        literal_column("'completed'"),
        func.count().filter(child.c.completed),
    )
    if if_any:
        counts = case((func.count() > literal_column("0"), counts))
    is_child = (child.c.user_id == USER_ID, child.c.parent_id == task["id"])
    return select(counts).select_from(child).where(*is_child).correlate_except(child).label("subtask_counts")


def _tag_of_link() -> Any:
    """Return the tag of a link, looked up by its key.

    Without the limit PostgreSQL reads all tags of the user for each task.
    """
    is_linked = (TAGS.c.user_id == USER_ID, TAGS.c.id == LINKS.c.tag_id)
    return select(TAGS.c.id, TAGS.c.name, TAGS.c.name_key, TAGS.c.color).where(*is_linked).limit(ONE).lateral("tag")


def _from_links(value: ColumnElement[Any], task: Columns, tag: Any) -> Select[Any]:
    return (
        select(value)
        .select_from(LINKS.join(tag, true()))
        .where(LINKS.c.user_id == USER_ID, LINKS.c.task_id == task["id"])
        .correlate_except(LINKS, tag)
    )


SELECT_TASK = Statement(select(*COLUMNS, tags_json(TASKS.c)).where(*IS_OWN_TASK))
SELECT_TASK_WITH_COUNTS = Statement(
    select(*COLUMNS, tags_json(TASKS.c), subtask_counts(TASKS.c, if_any=True)).where(*IS_OWN_TASK)
)
CHILD = TASKS.alias("child")
HAS_SUBTASKS = exists().where(CHILD.c.user_id == USER_ID, CHILD.c.parent_id == TASKS.c.id)
SELECT_STORED = Statement(
    select(
        TASKS.c.due_time_zone,
        TASKS.c.project_id,
        TASKS.c.section_id,
        TASKS.c.parent_id,
        HAS_SUBTASKS.label("has_subtasks"),
    ).where(*IS_OWN_TASK)
)
"""Returns what a change of other fields depends on."""

SELECT_BY_EXTERNAL_ID = Statement(
    select(*COLUMNS, tags_json(TASKS.c)).where(
        TASKS.c.user_id == USER_ID, TASKS.c.external_id == bindparam("external_id", type_=TASKS.c.external_id.type)
    )
)

SELECT_TASKS_AFTER = Statement(
    select(*COLUMNS, tags_json(TASKS.c))
    .where(TASKS.c.user_id == USER_ID, TASKS.c.id > TASK_ID)
    .order_by(TASKS.c.id)
    .limit(bindparam("limit", type_=BigInteger))
)

SELECT_TASKS_BY_IDS = Statement(
    select(*COLUMNS, tags_json(TASKS.c)).where(
        TASKS.c.user_id == USER_ID, TASKS.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger)))
    )
)

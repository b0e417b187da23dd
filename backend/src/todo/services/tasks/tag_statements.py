"""Statements that add a tag to a task or remove it; each bumps the version of the task."""

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Exists,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from todo.core.database.statement import Statement
from todo.models.task_tag_link import TAG_EXISTS, TASK_EXISTS
from todo.services.shared.versions import bump_version
from todo.services.tags.errors import TagNotFoundError
from todo.services.tasks.errors import TaskNotFoundError
from todo.services.tasks.statements import IS_OWN_TASK, LINKS, TAGS, TASK_ID, TASKS, USER_ID

TAG_ID = bindparam("tag_id", type_=BigInteger)
IS_OWN_LINK = (LINKS.c.user_id == USER_ID, LINKS.c.task_id == TASK_ID)
IS_OWN_TAG = (TAGS.c.user_id == USER_ID, TAGS.c.id == TAG_ID)


def _bump_task_of(link: CTE) -> CTE:
    return (
        update(TASKS)
        .where(TASKS.c.user_id == link.c.user_id, TASKS.c.id == link.c.task_id)
        .values(**bump_version(TASKS))
        .returning(TASKS.c.id)
        .cte("bumped")
    )


def _outcome(task: Exists, tag: Exists, bumped: CTE) -> Select[bool, bool, bool]:
    """Return one row: whether the task exists, whether the tag exists, and whether a link was added or removed."""
    return select(
        task.label("task_found"),
        tag.label("tag_found"),
        exists(select(bumped.c.id)).label("changed"),
    )


def _has_tag() -> Exists:
    return exists().where(*IS_OWN_LINK, LINKS.c.tag_id == TAG_ID)


def _is_full() -> ColumnElement[bool]:
    count = select(func.count()).select_from(LINKS).where(*IS_OWN_LINK).scalar_subquery()
    return count >= bindparam("max_tags", type_=Integer)


def _add_tag() -> Statement:
    # The tag is locked before the task, in the order of a tag's change, so the two cannot deadlock.
    tag = select(TAGS.c.user_id, TAGS.c.id).where(*IS_OWN_TAG).with_for_update(read=True, key_share=True).cte("tag")
    pair = (
        select(TASKS.c.user_id, TASKS.c.id, tag.c.id)
        .join(tag, tag.c.user_id == TASKS.c.user_id)
        .where(*IS_OWN_TASK, or_(_has_tag(), not_(_is_full())))
    )
    link = (
        insert(LINKS)
        .from_select(["user_id", "task_id", "tag_id"], pair)
        .on_conflict_do_nothing()
        .returning(LINKS.c.user_id, LINKS.c.task_id)
        .cte("link")
    )
    outcome = _outcome(exists().where(*IS_OWN_TASK), exists(select(tag.c.id)), _bump_task_of(link))
    return Statement(
        outcome.add_columns(and_(_is_full(), not_(_has_tag())).label("is_full")),
        violations={TASK_EXISTS: TaskNotFoundError, TAG_EXISTS: TagNotFoundError},
    )


def _remove_tag() -> Statement:
    # The task is locked before the link, in the order of a task's deletion, so the two cannot deadlock.
    task = select(TASKS.c.user_id, TASKS.c.id).where(*IS_OWN_TASK).with_for_update(key_share=True).cte("task")
    link = (
        delete(LINKS)
        .where(*IS_OWN_LINK, LINKS.c.task_id == task.c.id, LINKS.c.tag_id == TAG_ID)
        .returning(LINKS.c.user_id, LINKS.c.task_id)
        .cte("link")
    )
    return Statement(_outcome(exists(select(task.c.id)), exists().where(*IS_OWN_TAG), _bump_task_of(link)))


ADD_TAG = _add_tag()
REMOVE_TAG = _remove_tag()

"""Logged writes that add a tag to a task or remove it; each increases the version of the task."""

from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Exists,
    Integer,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    not_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from todo.services.shared.log.writes import CLOCKS, Logged, Write, advance_clock, json_object, log_changes, written
from todo.services.shared.versions import next_version
from todo.services.tasks.errors import LINK_VIOLATIONS
from todo.services.tasks.statements import IS_OWN_TASK, LINKS, TAGS, TASK_ID, TASKS, USER_ID, tag_ids
from todo.services.tasks.write_statements import TASK

TAG_ID = bindparam("tag_id", type_=BigInteger)
IS_OWN_LINK = (LINKS.c.user_id == USER_ID, LINKS.c.task_id == TASK_ID)


def _has_tag() -> Exists:
    return exists().where(*IS_OWN_LINK, LINKS.c.tag_id == TAG_ID)


def _is_full() -> ColumnElement[bool]:
    count = select(func.count()).select_from(LINKS).where(*IS_OWN_LINK).scalar_subquery()
    return count >= bindparam("max_tags", type_=Integer)


def _plan(is_changed: ColumnElement[bool], new_ids: ColumnElement[Any], **outcomes: ColumnElement[bool]) -> CTE:
    """Return the plan for one task: its next version, its tags before and after, and outcomes."""
    return (
        select(
            TASKS.c.id,
            *(value.label(name) for name, value in next_version(TASKS).items()),
            exists().where(TAGS.c.user_id == USER_ID, TAGS.c.id == TAG_ID).label("tag_found"),
            *(value.label(name) for name, value in outcomes.items()),
            is_changed.label("is_changed"),
            tag_ids(TASKS.c).label("old_ids"),
            new_ids.label("new_ids"),
        )
        .where(*IS_OWN_TASK)
        .cte("plan")
    )


def _write(plan: CTE, clock: CTE, link: CTE, *outcomes: ColumnElement[bool]) -> Write:
    task = (
        update(TASKS)
        .where(TASKS.c.user_id == USER_ID, TASKS.c.id == plan.c.id, clock.c.seq.is_not(None))
        .values({name: plan.c[name] for name in next_version(TASKS)})
        .cte("updated")
    )
    log = log_changes(
        clock,
        plan,
        Logged(
            TASK, "update", before=json_object({"tags": plan.c.old_ids}), after=json_object({"tags": plan.c.new_ids})
        ),
    )
    return Write(
        written(plan, clock, plan.c.tag_found, *outcomes).add_cte(link, task, log),
        violations=LINK_VIOLATIONS,
    )


def _add_tag() -> Write:
    is_full = and_(_is_full(), not_(_has_tag()))
    is_own_tag = exists().where(TAGS.c.user_id == USER_ID, TAGS.c.id == TAG_ID)
    new_ids = tag_ids(TASKS.c).op("||", return_type=JSONB())(func.to_jsonb(TAG_ID))
    plan = _plan(and_(is_own_tag, not_(_has_tag()), not_(is_full)), new_ids, is_full=is_full)
    clock = advance_clock(plan)
    source = plan.join(clock, literal_column("true")).join(CLOCKS, CLOCKS.c.user_id == USER_ID)
    row = select(CLOCKS.c.user_id, plan.c.id, TAG_ID).select_from(source)
    link = insert(LINKS).from_select(["user_id", "task_id", "tag_id"], row).cte("link")
    return _write(plan, clock, link, plan.c.is_full)


def _remove_tag() -> Write:
    new_ids = select(LINKS.c.tag_id).where(*IS_OWN_LINK, LINKS.c.tag_id != TAG_ID).order_by(LINKS.c.tag_id)
    plan = _plan(_has_tag(), func.to_jsonb(func.array(new_ids.scalar_subquery()), type_=JSONB))
    clock = advance_clock(plan)
    link = delete(LINKS).where(*IS_OWN_LINK, LINKS.c.tag_id == TAG_ID, clock.c.seq.is_not(None)).cte("link")
    return _write(plan, clock, link)


ADD_TAG = _add_tag()
REMOVE_TAG = _remove_tag()

"""Logged writes of many tags, for undo and for the trash (ADR 0055)."""

from sqlalchemy import BigInteger, delete, select, true, update

from todo.models.tag import NAME_UNIQUE, OWNER_EXISTS
from todo.schemas.tag import TagWrite
from todo.services.authentication import InvalidTokenError
from todo.services.shared.arrays import INDEX, unnest
from todo.services.shared.log.insert_with_id import InsertWithId
from todo.services.shared.log.writes import (
    Logged,
    Write,
    advance_clock,
    created_values,
    difference,
    log_changes,
    written,
)
from todo.services.shared.versions import next_version
from todo.services.tags.errors import TagNameTakenError
from todo.services.tags.statements import LINKS, TAG, TAGS, USER_ID, deleted_values

VIOLATIONS = {NAME_UNIQUE: TagNameTakenError, OWNER_EXISTS: InvalidTokenError}
RESTORED_COLUMNS = [column.name for column in TAGS.columns if column.name not in {"user_id", "id"}]
UPDATED_COLUMNS = [*TagWrite.model_fields, "name_key"]


def _restore_tags() -> Write:
    item = unnest(
        ("id", BigInteger()), ("undoes", BigInteger()), *((name, TAGS.c[name].type) for name in RESTORED_COLUMNS)
    )
    plan = select(*item.c, true().label("is_changed")).cte("plan")
    clock = advance_clock(plan, many=True)
    columns = [plan.c[name] for name in ["id", *RESTORED_COLUMNS]]
    rows = select(USER_ID, *columns).select_from(plan.join(clock, true()))
    tag = InsertWithId(TAGS).from_select(["user_id", "id", *RESTORED_COLUMNS], rows).cte("restored")
    after = created_values({name: plan.c[name] for name in TagWrite.model_fields})
    log = log_changes(clock, plan, Logged(TAG, "restore", after=after, undoes=plan.c.undoes), order=plan.c[INDEX])
    return Write(written(plan, clock, plan.c.id).add_cte(tag, log), VIOLATIONS)


def _update_tags() -> Write:
    item = unnest(
        ("id", BigInteger()), ("undoes", BigInteger()), *((name, TAGS.c[name].type) for name in UPDATED_COLUMNS)
    )
    is_changed, before, after = difference(TAGS.c, {name: item.c[name] for name in TagWrite.model_fields})
    plan = (
        select(
            TAGS.c.id,
            *(item.c[name] for name in UPDATED_COLUMNS),
            *(value.label(name) for name, value in next_version(TAGS).items()),
            is_changed.label("is_changed"),
            before.label("before"),
            after.label("after"),
            item.c.undoes,
            item.c[INDEX],
        )
        .where(TAGS.c.user_id == USER_ID, TAGS.c.id == item.c.id)
        .cte("plan")
    )
    clock = advance_clock(plan, many=True)
    tag = (
        update(TAGS)
        .where(TAGS.c.user_id == USER_ID, TAGS.c.id == plan.c.id, plan.c.is_changed, clock.c.seq.is_not(None))
        .values({name: plan.c[name] for name in [*UPDATED_COLUMNS, *next_version(TAGS)]})
        .cte("updated")
    )
    content = Logged(TAG, "update", plan.c.before, plan.c.after, plan.c.undoes)
    return Write(
        written(plan, clock, plan.c.id).add_cte(tag, log_changes(clock, plan, content, order=plan.c[INDEX])), VIOLATIONS
    )


def _delete_tags() -> Write:
    item = unnest(("id", BigInteger()), ("undoes", BigInteger()))
    plan = (
        select(TAGS.c.id, true().label("is_changed"), deleted_values().label("before"), item.c.undoes, item.c[INDEX])
        .join(item, item.c.id == TAGS.c.id)
        .where(TAGS.c.user_id == USER_ID)
        .cte("plan")
    )
    clock = advance_clock(plan, many=True)
    planned_ids = select(plan.c.id).scalar_subquery()
    is_planned = clock.c.seq.is_not(None)
    links = delete(LINKS).where(LINKS.c.user_id == USER_ID, LINKS.c.tag_id.in_(planned_ids), is_planned)
    tags = delete(TAGS).where(TAGS.c.user_id == USER_ID, TAGS.c.id.in_(planned_ids), is_planned)
    log = log_changes(clock, plan, Logged(TAG, "delete", plan.c.before, undoes=plan.c.undoes), order=plan.c[INDEX])
    return Write(written(plan, clock, plan.c.id).add_cte(links.cte("deleted_links"), tags.cte("deleted"), log))


RESTORE_TAGS = _restore_tags()
UPDATE_TAGS = _update_tags()
DELETE_TAGS = _delete_tags()

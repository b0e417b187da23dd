"""Statements on the trash and on old changes."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Exists,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)

from todo.core.database.statement import Statement
from todo.services.shared.arrays import unnest
from todo.services.shared.log.writes import CHANGES, CLOCKS, USER_ID

BATCH = 500
IN_TRASH = (
    CHANGES.c.action == literal_column("'delete'"),
    CHANGES.c.before.is_not(None),
    CHANGES.c.undone_by.is_(None),
)
"""The condition of the indexes `idx_changes_user_trash` and `idx_changes_trash_at`."""
REFERENCES = {"project": "project_id", "section": "section_id"}
"""By type of a resource that contains others, the field with which they refer to it."""


def is_deleted_again(user_id: ColumnElement[Any]) -> Exists:
    """Return the condition that the resource was deleted again later, after an undo of its deletion was undone.

    Args:
        user_id: the owner of the resource.
    """
    later = CHANGES.alias("later")
    return exists(
        select(later.c.seq).where(
            later.c.user_id == user_id,
            later.c.type == CHANGES.c.type,
            later.c.id == CHANGES.c.id,
            later.c.seq > CHANGES.c.seq,
            later.c.action == CHANGES.c.action,
            later.c.undone_by.is_(None),
        )
    )


def is_contained() -> Exists:
    """Return the condition that what the resource is in was deleted by the same request."""
    container = CHANGES.alias("container")
    is_inside = or_(
        *(
            and_(
                container.c.type == literal_column(f"'{type_}'"),
                container.c.id == _reference(literal_column(f"'{field}'")),
            )
            for type_, field in REFERENCES.items()
        )
    )
    return exists(
        select(container.c.seq).where(
            container.c.user_id == USER_ID,
            is_inside,
            container.c.batch == CHANGES.c.batch,
            container.c.action == CHANGES.c.action,
        )
    )


def _reference(field: ColumnElement[str]) -> ColumnElement[int]:
    """Return the id that a field of a deleted resource had."""
    return cast(CHANGES.c.before.op("->>")(field), BigInteger)


SEQ = bindparam("seq", type_=BigInteger)
SINCE = bindparam("since", type_=DateTime(timezone=True))
"""The instant before which deleted resources are no longer in the trash."""
TYPES = bindparam("types", type_=ARRAY(Text))
IN_OWN_TRASH = (CHANGES.c.user_id == USER_ID, *IN_TRASH, CHANGES.c.at >= SINCE, ~is_deleted_again(USER_ID))

SELECT_ENTRIES = Statement(
    select(*CHANGES.c)
    .where(*IN_OWN_TRASH, ~is_contained(), CHANGES.c.type == any_(TYPES), CHANGES.c.seq < SEQ)
    .order_by(CHANGES.c.seq.desc())
    .limit(bindparam("limit", type_=BigInteger))
)
SELECT_DELETION = Statement(
    select(CHANGES.c.seq).where(
        CHANGES.c.user_id == USER_ID,
        CHANGES.c.type == bindparam("type", type_=Text),
        CHANGES.c.id == bindparam("id", type_=BigInteger),
        CHANGES.c.batch == bindparam("batch", type_=BigInteger),
        CHANGES.c.action == literal_column("'delete'"),
    )
)
"""Returns whether a request deleted a resource."""
SELECT_DELETIONS = Statement(select(*CHANGES.c).where(*IN_OWN_TRASH).order_by(CHANGES.c.seq.desc()))
"""Returns all deleted resources, also those inside of others."""
_root = unnest(("seq", BigInteger()), ("batch", BigInteger()), ("id", BigInteger()), ("field", Text()), name="root")
_contents = (
    select(CHANGES)
    .add_columns(_root.c.seq.label("root"))
    .where(
        CHANGES.c.user_id == USER_ID,
        *IN_TRASH,
        CHANGES.c.seq >= _root.c.batch,
        CHANGES.c.seq < _root.c.seq,
        _reference(_root.c.field) == _root.c.id,
    )
)
SELECT_CONTENTS = Statement(_contents.order_by(CHANGES.c.seq))
"""Returns what was deleted with some entries and was inside of them."""
_content = _contents.subquery("content")
COUNT_CONTENTS = Statement(
    select(_content.c.root, _content.c.type, func.count().label("number")).group_by(_content.c.root, _content.c.type)
)
PURGE = Statement(
    update(CHANGES)
    .where(
        CHANGES.c.user_id == USER_ID,
        CHANGES.c.type == bindparam("type", type_=Text),
        CHANGES.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger))),
    )
    .values(before=null(), after=null())
)
"""Empties all changes of some resources; the rows stay, so that clients that sync learn of the deletion."""
_expired = (
    select(CHANGES.c.user_id, CHANGES.c.type, CHANGES.c.id)
    .where(*IN_TRASH, CHANGES.c.at < SINCE, ~is_deleted_again(CHANGES.c.user_id))
    .order_by(CHANGES.c.at)
    .limit(literal_column(str(BATCH)))
    .subquery("expired")
)
SELECT_OLD_ENTRIES = Statement(
    select(_expired.c.user_id, _expired.c.type, func.array_agg(_expired.c.id).label("ids")).group_by(
        _expired.c.user_id, _expired.c.type
    )
)
"""A batch of the oldest entries, by user and type."""
SELECT_OLD_USER = Statement(select(CHANGES.c.user_id).where(CHANGES.c.at < SINCE).limit(literal_column("1")))
_old = (
    select(CHANGES.c.seq)
    .where(CHANGES.c.user_id == USER_ID, CHANGES.c.at < SINCE)
    .order_by(CHANGES.c.seq)
    .limit(literal_column(str(BATCH)))
    .cte("old")
)
_swept = (
    update(CLOCKS)
    .where(CLOCKS.c.user_id == USER_ID, exists(select(_old.c.seq)))
    .values(swept_seq=func.greatest(CLOCKS.c.swept_seq, select(func.max(_old.c.seq)).scalar_subquery()))
    .returning(CLOCKS.c.swept_seq)
    .cte("swept")
)
SWEEP_CHANGES = Statement(
    delete(CHANGES)
    .where(and_(CHANGES.c.user_id == USER_ID, CHANGES.c.seq == _old.c.seq, _swept.c.swept_seq.is_not(None)))
    .returning(CHANGES.c.seq)
)
"""Deletes the oldest changes of a user, and notes on the clock that they are gone."""

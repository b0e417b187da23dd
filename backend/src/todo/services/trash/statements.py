"""Statements on the trash and on old changes."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    DateTime,
    Exists,
    FromClause,
    Select,
    Subquery,
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
    true,
    update,
)

from todo.core.database.statement import Statement
from todo.services.shared.arrays import unnest
from todo.services.shared.lists import FIRST
from todo.services.shared.log.writes import CHANGES, CLOCKS, USER_ID

BATCH = 500
IN_TRASH = (
    CHANGES.c.action == literal_column("'delete'"),
    CHANGES.c.before.is_not(None),
    CHANGES.c.undone_by.is_(None),
    ~CHANGES.c.deleted_again,
)
"""The condition of the indexes `idx_changes_user_trash` and `idx_changes_trash_at`."""
REFERENCES = {"project": "project_id", "section": "section_id", "task": "parent_id"}
"""By type of a resource that contains others, the field with which they refer to it."""


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
SEQS = bindparam("seqs", type_=ARRAY(BigInteger))
SINCE = bindparam("since", type_=DateTime(timezone=True))
"""The instant before which deleted resources are no longer in the trash."""
TYPES = bindparam("types", type_=ARRAY(Text))
IN_OWN_TRASH = (CHANGES.c.user_id == USER_ID, *IN_TRASH, CHANGES.c.at >= SINCE)

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
SELECT_DELETIONS = Statement(
    select(*CHANGES.c)
    .where(*IN_OWN_TRASH, CHANGES.c.seq < SEQ)
    .order_by(CHANGES.c.seq.desc())
    .limit(literal_column(str(BATCH)))
)
"""Returns a batch of all deleted resources below `seq`, also those inside of others, the greatest first."""
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
"""Returns the deletions of the contents of some projects and sections."""
_content = _contents.subquery("content")
COUNT_CONTENTS = Statement(
    select(_content.c.root, _content.c.type, func.count().label("number")).group_by(_content.c.root, _content.c.type)
)


def _subtasks() -> CTE:
    """Return the deletions of the subtasks of some deleted tasks at all levels. Each is before that of its parent."""
    root = unnest(("seq", BigInteger()), ("batch", BigInteger()), ("id", BigInteger()), name="root")

    def of(parent: FromClause, root_seq: ColumnElement[int]) -> Select[Any]:
        # With an offset PostgreSQL looks up the subtasks of each task. It would otherwise read those of all tasks.
        is_below = (
            CHANGES.c.user_id == USER_ID,
            *IN_TRASH,
            CHANGES.c.type == literal_column("'task'"),
            CHANGES.c.before.op("->>")(literal_column("'parent_id'")).is_not(None),
            _reference(literal_column("'parent_id'")) == parent.c.id,
            CHANGES.c.batch == parent.c.batch,
            CHANGES.c.seq < parent.c.seq,
        )
        keys = select(CHANGES.c.seq, CHANGES.c.batch, CHANGES.c.id).where(*is_below).offset(FIRST).lateral("child")
        return select(*keys.c, root_seq.label("root")).select_from(parent.join(keys, true()))

    subtasks = of(root, root.c.seq).cte("subtasks", recursive=True)
    return subtasks.union_all(of(subtasks, subtasks.c.root))


_subtask = _subtasks()
SELECT_SUBTASKS = Statement(
    select(*CHANGES.c)
    .where(CHANGES.c.user_id == USER_ID, CHANGES.c.seq == any_(func.array(select(_subtask.c.seq).scalar_subquery())))
    .order_by(CHANGES.c.seq)
)
"""Returns the deletions of the subtasks of some tasks at all levels."""
COUNT_SUBTASKS = Statement(
    select(_subtask.c.root, literal_column("'task'").label("type"), func.count().label("number")).group_by(
        _subtask.c.root
    )
)
SELECT_ENTRY = Statement(select(*CHANGES.c).where(*IN_OWN_TRASH, CHANGES.c.seq == SEQ))
SELECT_TYPES = Statement(select(CHANGES.c.type).where(*IN_OWN_TRASH).distinct())
SELECT_SEQS = Statement(
    select(CHANGES.c.seq)
    .where(*IN_OWN_TRASH, CHANGES.c.type == any_(TYPES), CHANGES.c.seq < SEQ)
    .order_by(CHANGES.c.seq.desc())
    .limit(literal_column(str(BATCH)))
)
"""Returns the numbers of a batch of entries below `seq`, the greatest first."""
LOCK_CLOCK = Statement(select(CLOCKS.c.seq).where(CLOCKS.c.user_id == USER_ID).with_for_update())
"""Locks the change clock of a user until the end of the transaction. A user who was deleted has none."""
# MATERIALIZED makes PostgreSQL look up the rows by their key. It could otherwise read the trash of all users.
_row = (
    select(CHANGES.c.type, CHANGES.c.id, and_(*IN_TRASH).label("is_entry"))
    .where(CHANGES.c.user_id == USER_ID, CHANGES.c.seq == any_(SEQS))
    .cte("entry")
    .prefix_with("MATERIALIZED")
)
PURGE = Statement(
    update(CHANGES)
    .where(CHANGES.c.user_id == USER_ID, CHANGES.c.type == _row.c.type, CHANGES.c.id == _row.c.id, _row.c.is_entry)
    .values(before=null(), after=null())
    .returning(CHANGES.c.type, CHANGES.c.id)
)
"""Empties all changes of the resources of some entries. Rows stay, so that clients that sync learn of the deletion.

A restored resource is no longer in the trash, so it keeps its changes. The clock must be locked.
"""
_expired = (
    select(CHANGES.c.user_id, CHANGES.c.seq)
    .where(*IN_TRASH, CHANGES.c.at < SINCE)
    .order_by(CHANGES.c.at)
    .limit(literal_column(str(BATCH)))
    .subquery("expired")
)
_old = (
    select(CHANGES.c.user_id, CHANGES.c.seq)
    .where(CHANGES.c.at < SINCE)
    .order_by(CHANGES.c.at)
    .limit(literal_column(str(BATCH)))
    .subquery("old")
)


def _by_user(changes: Subquery) -> Statement:
    seqs = func.array_agg(changes.c.seq).label("seqs")
    return Statement(select(changes.c.user_id, seqs).group_by(changes.c.user_id))


SELECT_OLD_ENTRIES = _by_user(_expired)
SELECT_OLD_CHANGES = _by_user(_old)
"""Both return the numbers of a batch of the oldest rows by user."""
_swept = (
    update(CLOCKS)
    .where(CLOCKS.c.user_id == USER_ID)
    .values(swept_seq=func.greatest(CLOCKS.c.swept_seq, bindparam("last_seq", type_=BigInteger)))
    .returning(CLOCKS.c.swept_seq)
    .cte("swept")
)
SWEEP_CHANGES = Statement(
    delete(CHANGES)
    .where(CHANGES.c.user_id == USER_ID, CHANGES.c.seq == any_(SEQS), _swept.c.swept_seq.is_not(None))
    .returning(CHANGES.c.seq)
)
"""Deletes changes of a user, and notes on the clock that they are gone."""

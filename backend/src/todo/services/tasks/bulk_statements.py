"""The statements that write many tasks at once: one for each kind of write, over arrays with a place for each item."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Text,
    any_,
    bindparam,
    case,
    column,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.selectable import TableValuedAlias

from todo.core.database.session import Statement
from todo.models import User
from todo.models.base import changed, table_of
from todo.schemas.tasks.task import TaskCreate, TaskUpdate
from todo.services.tasks.statements import COLUMNS, IS_NEW, ONE, TASKS, USER_ID, tags_json

USERS = table_of(User)
IDS = bindparam("id", type_=ARRAY(BigInteger))
MINE = (TASKS.c.user_id == USER_ID, TASKS.c.id == any_(IDS))
WRITTEN = tuple(TaskCreate.model_fields)
CHANGED = tuple(TaskUpdate.model_fields)
PLACE = "place"
"""Where an item stands among those of its kind, from 1."""


def _items(*columns: tuple[str, Any]) -> TableValuedAlias:
    """Return the rows that arrays of equal length make side by side; each is bound by its column's name."""
    arrays = [bindparam(name, type_=ARRAY(type_)) for name, type_ in columns]
    return (
        func.unnest(*arrays)
        .table_valued(*(column(name, type_) for name, type_ in columns), with_ordinality=PLACE)
        .render_derived(name="item")
    )


LOCK_OWNER = Statement(select(USERS.c.id).where(USERS.c.id == USER_ID).with_for_update(key_share=True))
"""Has one request of this kind come after the other, so that no two of a user's can wait for each other.

Single writes do not wait for it: it locks of the user what no foreign key refers to.
"""

# The order keeps PostgreSQL on the index of external ids; on a table of which it has no statistics yet it would take
# another, and read all tasks of the user for each of the ids.
_given = _items(("external_id", Text()))
_next = (
    select(TASKS.c.id, TASKS.c.external_id)
    .where(TASKS.c.user_id == USER_ID, TASKS.c.external_id >= _given.c.external_id)
    .order_by(TASKS.c.external_id)
    .limit(ONE)
    .lateral("next")
)
_known = select(_next.c.id).select_from(_given.join(_next, _next.c.external_id == _given.c.external_id))
_met = func.array(_known.scalar_subquery(), type_=ARRAY(BigInteger)).op("||")(IDS)
LOCK_TASKS = Statement(
    select(TASKS.c.id, TASKS.c.version)
    .where(TASKS.c.user_id == USER_ID, TASKS.c.id == any_(_met))
    .order_by(TASKS.c.id)
    .with_for_update()
)
"""Locks all tasks that a request meets, by id or external id, in the order in which changing a tag locks its tasks."""

_new = _items(*((name, TASKS.c[name].type) for name in WRITTEN))
INSERT_TASKS = Statement(
    # The update changes nothing: it makes the statement return, and lock, a row that has the external id already.
    insert(TASKS)
    .from_select(["user_id", *WRITTEN], select(USER_ID, *(_new.c[name] for name in WRITTEN)).order_by(_new.c[PLACE]))
    .on_conflict_do_update(
        index_elements=["user_id", "external_id"],
        index_where=TASKS.c.external_id.is_not(None),
        set_={"external_id": TASKS.c.external_id},
    )
    .returning(TASKS.c.id, TASKS.c.external_id, IS_NEW)
)
"""New ids ascend in the order of the items. No two items may have one external id."""

_change = _items(
    ("user_id", TASKS.c.user_id.type),
    ("id", BigInteger()),
    *((f"has_{name}", Boolean()) for name in CHANGED),
    *((name, TASKS.c[name].type) for name in CHANGED),
)


def _value(name: str) -> ColumnElement[Any]:
    return case((_change.c[f"has_{name}"], _change.c[name]), else_=TASKS.c[name])


UPDATE_TASKS = Statement(
    update(TASKS)
    # The user comes with each item. Of one user PostgreSQL would read the tasks first, expecting few, and go through
    # all items for each of them.
    .where(TASKS.c.user_id == _change.c.user_id, TASKS.c.id == _change.c.id)
    .values(**{name: _value(name) for name in CHANGED}, **changed(TASKS))
)
DELETE_TASKS = Statement(delete(TASKS).where(*MINE))
SELECT_TASKS = Statement(select(*COLUMNS, tags_json(TASKS.c)).where(*MINE))

"""Statements that write many tasks: one for each kind of item, over arrays with an element for each item."""

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

from todo.core.database.statement import Statement
from todo.models import User
from todo.models.task import OWNER_EXISTS
from todo.models.task_search import SEARCHED_TASK_EXISTS
from todo.schemas.tasks.task import TaskCreate, TaskUpdate
from todo.services.authentication import InvalidTokenError
from todo.services.shared.lists import ONE
from todo.services.shared.tables import table_of
from todo.services.shared.versions import bump_version
from todo.services.tasks.derived import SEARCHED_FIELDS, column_names
from todo.services.tasks.errors import TaskNotFoundError
from todo.services.tasks.statements import COLUMNS, IS_NEW, SEARCH, TASKS, USER_ID, tags_json

USERS = table_of(User)
IDS = bindparam("id", type_=ARRAY(BigInteger))
ARE_OWN_TASKS = (TASKS.c.user_id == USER_ID, TASKS.c.id == any_(IDS))
CREATED_COLUMNS = column_names(TaskCreate.model_fields)
UPDATED_COLUMNS = column_names(TaskUpdate.model_fields)
INDEX = "index"
"""The position of an item among those of its kind, from 1."""


def _unnest(*columns: tuple[str, Any]) -> TableValuedAlias:
    """Return the rows of arrays of equal length; each array is the parameter of its column's name."""
    arrays = [bindparam(name, type_=ARRAY(type_)) for name, type_ in columns]
    return (
        func.unnest(*arrays)
        .table_valued(*(column(name, type_) for name, type_ in columns), with_ordinality=INDEX)
        .render_derived(name="item")
    )


# ORDER BY and LIMIT keep PostgreSQL on the index of external ids. Without statistics it would choose another index,
# and read all tasks of the user for each item.
_item = _unnest(("external_id", Text()))
_next_task = (
    select(TASKS.c.id, TASKS.c.external_id)
    .where(TASKS.c.user_id == USER_ID, TASKS.c.external_id >= _item.c.external_id)
    .order_by(TASKS.c.external_id)
    .limit(ONE)
    .lateral("next")
)
_existing_ids = select(_next_task.c.id).select_from(
    _item.join(_next_task, _next_task.c.external_id == _item.c.external_id)
)
_all_ids = func.array(_existing_ids.scalar_subquery(), type_=ARRAY(BigInteger)).op("||")(IDS)
LOCK_TASKS = Statement(
    select(TASKS.c.id, TASKS.c.version, TASKS.c.external_id)
    .where(TASKS.c.user_id == USER_ID, TASKS.c.id == any_(_all_ids))
    .order_by(TASKS.c.id)
    .with_for_update()
)
"""Locks the tasks that a request names by id or external id, in the order of their ids."""

_new = _unnest(*((name, TASKS.c[name].type) for name in CREATED_COLUMNS))
_new_rows = select(USER_ID, *(_new.c[name] for name in CREATED_COLUMNS)).order_by(_new.c[INDEX])
INSERT_TASKS = Statement(
    insert(TASKS)
    .from_select(["user_id", *CREATED_COLUMNS], _new_rows)
    # The update changes no value. It makes the statement lock and return an existing row.
    .on_conflict_do_update(
        index_elements=["user_id", "external_id"],
        index_where=TASKS.c.external_id.is_not(None),
        set_={"external_id": TASKS.c.external_id},
    )
    .returning(TASKS.c.id, TASKS.c.external_id, IS_NEW),
    violations={OWNER_EXISTS: InvalidTokenError},
)
"""New ids ascend in the order of the items. The items must have different external ids."""

_change = _unnest(
    ("user_id", TASKS.c.user_id.type),
    ("id", BigInteger()),
    *((f"has_{name}", Boolean()) for name in UPDATED_COLUMNS),
    *((name, TASKS.c[name].type) for name in UPDATED_COLUMNS),
)


def _value(name: str) -> ColumnElement[Any]:
    return case((_change.c[f"has_{name}"], _change.c[name]), else_=TASKS.c[name])


UPDATE_TASKS = Statement(
    update(TASKS)
    # Each item has the user. With one parameter for the user PostgreSQL expects few tasks, reads them first, and
    # compares each with all items.
    .where(TASKS.c.user_id == _change.c.user_id, TASKS.c.id == _change.c.id)
    .values(**{name: _value(name) for name in UPDATED_COLUMNS}, **bump_version(TASKS))
)
_texts = _unnest(
    ("user_id", TASKS.c.user_id.type),
    ("id", BigInteger()),
    *((parameter, Text()) for parameter in SEARCHED_FIELDS.values()),
)
INSERT_SEARCHES = Statement(
    insert(SEARCH).from_select(
        ["user_id", "task_id", *SEARCHED_FIELDS],
        select(_texts.c.user_id, _texts.c.id, *(_texts.c[parameter] for parameter in SEARCHED_FIELDS.values())),
    ),
    violations={SEARCHED_TASK_EXISTS: TaskNotFoundError},
)
UPDATE_SEARCHES = Statement(
    update(SEARCH)
    .where(SEARCH.c.user_id == _texts.c.user_id, SEARCH.c.task_id == _texts.c.id)
    # A null text means that the field is unchanged.
    .values(
        {field: func.coalesce(_texts.c[parameter], SEARCH.c[field]) for field, parameter in SEARCHED_FIELDS.items()}
    )
)
DELETE_TASKS = Statement(delete(TASKS).where(*ARE_OWN_TASKS))
SELECT_TASKS = Statement(select(*COLUMNS, tags_json(TASKS.c)).where(*ARE_OWN_TASKS))

"""Statements that write many tasks: one for each kind of item, over arrays with an element for each item."""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Integer,
    Text,
    any_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    select,
    true,
    update,
)

from todo.core.database.statement import VARIANTS_MAX, Statement
from todo.models.task_search import SEARCHED_TASK_EXISTS
from todo.schemas.tasks.task import NewTask, TaskUpdate
from todo.services.shared.arrays import INDEX, unnest
from todo.services.shared.lists import ONE
from todo.services.shared.log.insert_with_id import InsertWithId
from todo.services.shared.log.writes import (
    Logged,
    Write,
    advance_clock,
    advance_clock_by,
    created_values,
    difference,
    log_changes,
    written,
)
from todo.services.shared.positions import key_of
from todo.services.shared.versions import next_version
from todo.services.tasks.derived import PLACE, SEARCHED_FIELDS, column_names, completed_at, new_state
from todo.services.tasks.errors import CONTAINER_VIOLATIONS, TaskNotFoundError
from todo.services.tasks.statements import COLUMNS, LINKS, SEARCH, STATE, TASKS, USER_ID, tag_ids, tags_json
from todo.services.tasks.write_statements import DELETED_COLUMNS, LOGGED_FIELDS, NO_TAGS, TASK, VIOLATIONS, new_fields

IDS = bindparam("id", type_=ARRAY(BigInteger))
NEXT_ID: ColumnElement[int] = func.nextval(literal_column("'tasks_id_seq'"), type_=BigInteger)
PARENT_NUMBER = "parent_number"
ARE_OWN_TASKS = (TASKS.c.user_id == USER_ID, TASKS.c.id == any_(IDS))
CREATED_COLUMNS = [*column_names(NewTask.model_fields), "archived"]
DERIVED_COLUMNS = ("completed_at", "recurrence_start")
"""Columns that follow from the others. Only undo writes them."""
UPDATED_COLUMNS = [*column_names(TaskUpdate.model_fields), *PLACE, *DERIVED_COLUMNS]
"""The columns that `UPDATE_TASKS` can write."""
# ORDER BY and LIMIT keep PostgreSQL on the index of external ids. Without statistics it would choose another index,
# and read all tasks of the user for each item.
_item = unnest(("external_id", Text()))
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
SELECT_TARGETS = Statement(
    select(
        *(TASKS.c.id, TASKS.c.version, TASKS.c.external_id, TASKS.c.due_time_zone),
        *(TASKS.c.project_id, TASKS.c.section_id, TASKS.c.parent_id),
    ).where(TASKS.c.user_id == USER_ID, TASKS.c.id == any_(_all_ids))
)
"""Returns the tasks that a request names by id or external id."""


@lru_cache(maxsize=VARIANTS_MAX)
def insert_tasks(columns: frozenset[str]) -> Write:
    """Return the write of new tasks; an array for each of these columns. New ids ascend in the order of the arrays.

    There are also an array for each parameter of `derived.search_values`, and the array `parent_number`: the number of
    the parent among the new tasks, from 1, or null. Arrays that depend on existing rows need the writer's transaction.
    The external ids must be different from each other and from existing ones. A row is a task without tags.
    """
    item = unnest(
        (PARENT_NUMBER, Integer()),
        *((name, TASKS.c[name].type) for name in sorted(columns)),
        *((parameter, Text()) for parameter in SEARCHED_FIELDS.values()),
    )
    # The rows have their ids before the insert, so a subtask can name a parent that the same statement inserts.
    row = select(NEXT_ID.label("id"), *item.c).cte("row")
    clock = advance_clock_by(func.cardinality(bindparam(PARENT_NUMBER, type_=ARRAY(Integer)), type_=Integer))
    parent = row.alias("parent")
    new: dict[str, ColumnElement[Any]] = {"id": row.c.id, **{name: row.c[name] for name in sorted(columns)}}
    if "completed" in columns and "completed_at" not in columns:
        new["completed_at"] = completed_at(row.c.completed)
    new["parent_id"] = func.coalesce(parent.c.id, row.c.parent_id) if "parent_id" in columns else parent.c.id
    source = row.join(clock, true()).outerjoin(parent, parent.c[INDEX] == row.c[PARENT_NUMBER])
    inserted = InsertWithId(TASKS).from_select(["user_id", *new], select(USER_ID, *new.values()).select_from(source))
    task = inserted.returning(*COLUMNS, true().label("is_changed")).cte("task")
    texts = select(task.c.user_id, task.c.id, *(row.c[parameter] for parameter in SEARCHED_FIELDS.values()))
    searched = texts.select_from(task.join(row, row.c.id == task.c.id))
    search = insert(SEARCH).from_select(["user_id", "task_id", *SEARCHED_FIELDS], searched).cte("search")
    after = created_values({name: task.c[name] for name in new_fields(new)})
    log = log_changes(clock, task, Logged(TASK, "create", after=after), order=task.c.id)
    shown = [*(task.c[column.name] for column in COLUMNS), NO_TAGS.label("tags")]
    return Write(written(task, clock, *shown).add_cte(search, log), violations=VIOLATIONS, always_changes=True)


_change = unnest(
    ("owner_id", TASKS.c.user_id.type),
    ("id", BigInteger()),
    ("undoes", BigInteger()),
    *((f"has_{name}", Boolean()) for name in UPDATED_COLUMNS),
    *((name, TASKS.c[name].type) for name in UPDATED_COLUMNS),
)


def _value(name: str) -> ColumnElement[Any]:
    return case((_change.c[f"has_{name}"], _change.c[name]), else_=TASKS.c[name])


def _update_tasks() -> Write:
    given = {name: _value(name) for name in UPDATED_COLUMNS if name not in DERIVED_COLUMNS}
    new = new_state(TASKS.c, given)
    for name in DERIVED_COLUMNS:
        new[name] = case((_change.c[f"has_{name}"], _change.c[name]), else_=new[name])
    logged = {name: value for name, value in new.items() if name in LOGGED_FIELDS}
    logged["position"] = key_of({"id": TASKS.c.id, "position": new["position"]})
    is_changed, before, after = difference(STATE, logged)
    versions = next_version(TASKS)
    plan = (
        select(
            TASKS.c.user_id,
            TASKS.c.id,
            *(value.label(name) for name, value in [*new.items(), *versions.items()]),
            is_changed.label("is_changed"),
            before.label("before"),
            after.label("after"),
            _change.c.undoes,
            _change.c[INDEX],
        )
        # Each item has the user. With one parameter for the user PostgreSQL expects few tasks, reads them first, and
        # compares each with all items.
        .where(TASKS.c.user_id == _change.c.owner_id, TASKS.c.id == _change.c.id)
        .cte("plan")
    )
    clock = advance_clock(plan, many=True)
    task = (
        update(TASKS)
        .where(TASKS.c.user_id == plan.c.user_id, TASKS.c.id == plan.c.id, plan.c.is_changed, clock.c.seq.is_not(None))
        .values({name: plan.c[name] for name in [*new, *versions]})
        .cte("updated")
    )
    log = log_changes(
        clock, plan, Logged(TASK, "update", plan.c.before, plan.c.after, plan.c.undoes), order=plan.c[INDEX]
    )
    return Write(written(plan, clock, plan.c.id).add_cte(task, log), CONTAINER_VIOLATIONS)


def _delete_tasks() -> Write:
    before = created_values(DELETED_COLUMNS | {"tags": tag_ids(TASKS.c)})
    item = unnest(("id", BigInteger()), ("undoes", BigInteger()))
    plan = (
        select(TASKS.c.id, true().label("is_changed"), before.label("before"), item.c.undoes, item.c[INDEX])
        .join(item, item.c.id == TASKS.c.id)
        .where(*ARE_OWN_TASKS)
        .cte("plan")
    )
    clock = advance_clock(plan, many=True)
    is_planned = clock.c.seq.is_not(None)
    links = delete(LINKS).where(LINKS.c.user_id == USER_ID, LINKS.c.task_id == any_(IDS), is_planned)
    task = delete(TASKS).where(*ARE_OWN_TASKS, is_planned)
    log = log_changes(clock, plan, Logged(TASK, "delete", plan.c.before, undoes=plan.c.undoes), order=plan.c[INDEX])
    return Write(written(plan, clock, plan.c.id).add_cte(links.cte("deleted_links"), task.cte("deleted"), log))


UPDATE_TASKS = _update_tasks()
DELETE_TASKS = _delete_tasks()
"""Both have the parameter `undoes`: for each item the change that it undoes, or null.

Deleted subtasks come before their parents.
"""
_texts = unnest(
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
SELECT_TASKS = Statement(select(*COLUMNS, tags_json(TASKS.c)).where(*ARE_OWN_TASKS))

"""Statements on occurrences. A write of an occurrence changes its task and logs both in the row of the task."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    insert,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from todo.core.database.statement import Statement
from todo.models import TaskOccurrence
from todo.models.task_occurrence import OCCURRENCE_OWNER_EXISTS
from todo.schemas.tasks.occurrence import OccurrenceExported, OccurrencePublic
from todo.services.authentication import InvalidTokenError
from todo.services.shared.lists import ONE
from todo.services.shared.log.writes import Logged, Write, advance_clock, difference, log_changes, written
from todo.services.shared.tables import binds_of, columns_of, table_of
from todo.services.shared.versions import next_version
from todo.services.tasks.derived import new_state
from todo.services.tasks.statements import COLUMNS, HAS_SUBTASKS, IS_OWN_TASK, TASK_ID, TASKS, USER_ID, tags_json
from todo.services.tasks.write_statements import LOGGED_FIELDS, TASK

OCCURRENCES = table_of(TaskOccurrence)
RECORD_COLUMNS = [column.name for column in OCCURRENCES.columns if column.name not in {"user_id", "task_id"}]
"""The columns that a new record gets as parameters."""
NUMBER = bindparam("number", type_=Integer)
LIMIT = bindparam("limit", type_=BigInteger)
IS_OWN_RECORD = (OCCURRENCES.c.user_id == USER_ID, OCCURRENCES.c.task_id == TASK_ID)
BEFORE, AFTER = bindparam("before", type_=JSONB), bindparam("after", type_=JSONB)
"""The field `occurrences` of the log: records by their number, or null for a record that does not exist."""
VIOLATIONS = {OCCURRENCE_OWNER_EXISTS: InvalidTokenError}
PUBLIC_COLUMNS = columns_of(OCCURRENCES, OccurrencePublic)
_last = (
    select(*(OCCURRENCES.c[name].label(f"last_{name}") for name in RECORD_COLUMNS))
    .where(OCCURRENCES.c.user_id == USER_ID, OCCURRENCES.c.task_id == TASKS.c.id)
    .order_by(OCCURRENCES.c.number.desc())
    .limit(ONE)
    .lateral("last")
)

SELECT_REPEATING_TASK = Statement(
    select(*COLUMNS, tags_json(TASKS.c), HAS_SUBTASKS.label("has_subtasks"), *_last.c)
    .select_from(TASKS.outerjoin(_last, true()))
    .where(*IS_OWN_TASK)
)
"""A task with its last record, whose columns begin with `last_`; they are null without a record."""
SELECT_BY_DUE = Statement(
    select(*PUBLIC_COLUMNS)
    .where(
        *IS_OWN_RECORD,
        or_(
            OCCURRENCES.c.due_day == bindparam("due_day", type_=OCCURRENCES.c.due_day.type),
            OCCURRENCES.c.due_date == bindparam("due_date", type_=OCCURRENCES.c.due_date.type),
        ),
    )
    .order_by(OCCURRENCES.c.number.desc())
    .limit(ONE)
)
SELECT_OCCURRENCES = Statement(
    select(OCCURRENCES.c.number, *PUBLIC_COLUMNS)
    .where(
        *IS_OWN_RECORD,
        OCCURRENCES.c.number < bindparam("before", type_=BigInteger),
        exists().where(*IS_OWN_TASK),
    )
    .order_by(OCCURRENCES.c.number.desc())
    .limit(LIMIT)
)
SELECT_OCCURRENCES_AFTER = Statement(
    select(*columns_of(OCCURRENCES, OccurrenceExported))
    .where(
        OCCURRENCES.c.user_id == USER_ID, tuple_(OCCURRENCES.c.task_id, OCCURRENCES.c.number) > tuple_(TASK_ID, NUMBER)
    )
    .order_by(OCCURRENCES.c.task_id, OCCURRENCES.c.number)
    .limit(LIMIT)
)
DELETE_OCCURRENCES = Statement(
    delete(OCCURRENCES).where(
        OCCURRENCES.c.user_id == USER_ID,
        OCCURRENCES.c.task_id == any_(bindparam("ids", type_=ARRAY(BigInteger))),
        ~exists().where(TASKS.c.user_id == USER_ID, TASKS.c.id == OCCURRENCES.c.task_id),
    )
)
"""Deletes the records of tasks that do not exist."""


def _record(action: str) -> Write:
    """Return the write that records an occurrence and moves the task, if the task still has the parameter `version`."""
    new = new_state(TASKS.c, binds_of(TASKS, ["due_date", "due_day", "completed", "recurrence_start"]))
    _, before, after = difference(TASKS.c, {name: value for name, value in new.items() if name in LOGGED_FIELDS})
    state = {column.name: column for column in COLUMNS} | new | next_version(TASKS)
    plan = (
        select(
            *(column.label(name) for name, column in state.items()),
            true().label("is_changed"),
            _merge(before, BEFORE).label("before"),
            _merge(after, AFTER).label("after"),
        )
        .where(*IS_OWN_TASK, TASKS.c.version == bindparam("version", type_=BigInteger))
        .cte("plan")
    )
    clock = advance_clock(plan)
    updated = (
        update(TASKS)
        .where(TASKS.c.user_id == USER_ID, TASKS.c.id == plan.c.id, clock.c.seq.is_not(None))
        .values({name: plan.c[name] for name in [*new, *next_version(TASKS)]})
    )
    values = {name: bindparam(f"record_{name}", type_=OCCURRENCES.c[name].type) for name in RECORD_COLUMNS}
    rows = select(USER_ID, plan.c.id, *values.values()).select_from(plan.join(clock, true()))
    recorded = insert(OCCURRENCES).from_select(["user_id", "task_id", *values], rows)
    log = log_changes(clock, plan, Logged(TASK, action, before=plan.c.before, after=plan.c.after))
    shown = [plan.c[column.name] for column in COLUMNS]
    result = written(plan, clock, *shown, tags_json(plan.c))
    return Write(result.add_cte(updated.cte("updated"), recorded.cte("recorded"), log), VIOLATIONS)


def _merge(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    return left.op("||", return_type=JSONB())(right)


def _revert(is_changed: ColumnElement[bool], *, restores: bool) -> Write:
    """Return the write that puts a record back or removes it, for undo."""
    versions = next_version(TASKS)
    plan = (
        select(TASKS.c.id, *(value.label(name) for name, value in versions.items()), is_changed.label("is_changed"))
        .where(*IS_OWN_TASK)
        .cte("plan")
    )
    clock = advance_clock(plan)
    updated = (
        update(TASKS)
        .where(TASKS.c.user_id == USER_ID, TASKS.c.id == plan.c.id, clock.c.seq.is_not(None))
        .values({name: plan.c[name] for name in versions})
    )
    if restores:
        values = binds_of(OCCURRENCES, RECORD_COLUMNS)
        rows = select(USER_ID, plan.c.id, *values.values()).select_from(plan.join(clock, true()))
        inserted = upsert(OCCURRENCES).from_select(["user_id", "task_id", *values], rows)
        replaced = {name: inserted.excluded[name] for name in RECORD_COLUMNS if name != "number"}
        changed = inserted.on_conflict_do_update(index_elements=["user_id", "task_id", "number"], set_=replaced)
        record = changed.cte("restored")
    else:
        record = (
            delete(OCCURRENCES)
            .where(*IS_OWN_RECORD, OCCURRENCES.c.number == NUMBER, clock.c.seq.is_not(None))
            .cte("removed")
        )
    undoes = cast(bindparam("undoes", type_=BigInteger), BigInteger)
    log = log_changes(clock, plan, Logged(TASK, "update", BEFORE, AFTER, undoes))
    return Write(written(plan, clock, plan.c.id).add_cte(updated.cte("updated"), record, log), VIOLATIONS)


RECORD = {"completed": _record("complete"), "skipped": _record("skip")}
"""By status."""
RECORD_COMPLETED, RECORD_SKIPPED = RECORD["completed"], RECORD["skipped"]
RESTORE_OCCURRENCE = _revert(true(), restores=True)
REMOVE_OCCURRENCE = _revert(exists().where(*IS_OWN_RECORD, OCCURRENCES.c.number == NUMBER), restores=False)

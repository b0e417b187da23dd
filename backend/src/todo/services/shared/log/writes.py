"""Logged writes: a change of rows and its log rows are one statement (ADR 0052).

A write has three parts. The plan is a SELECT of the rows to change, with their new state. The clock is the lock on the
user's change clock, which also assigns the numbers of the changes. The last part writes the planned rows and the log.

The plan is as old as the snapshot of the statement. The clock advances only if no other write of the user was committed
since, so the plan is true whenever the write happens. Otherwise nothing is written, and `Writer` runs the write again
with the clock locked first.

Citus runs the common table expressions of a write one after the other, each with another snapshot. `SNAPSHOT` is
therefore the first one: it is older than the plan. The INSERT of a log row reads the user's id from the clock and not
from a parameter, because Citus then runs it on the node of the user. A create runs on all nodes in any case, because
the coordinator assigns the id, so its INSERTs read the user's id from the new row (ADR 0061).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    ClauseElement,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    true,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.sql import visitors

from todo.core.database.driver_errors import Violations
from todo.core.database.statement import Statement
from todo.models import Change, ChangeClock
from todo.models.changes.change import OWNER_EXISTS as LOG_OWNER_EXISTS
from todo.models.changes.change_clock import OWNER_EXISTS as CLOCK_OWNER_EXISTS
from todo.services.authentication import InvalidTokenError
from todo.services.shared.lists import Columns
from todo.services.shared.tables import binds_of, table_of

CHANGES, CLOCKS = table_of(Change), table_of(ChangeClock)
USER_ID = bindparam("user_id", type_=CLOCKS.c.user_id.type)
ORIGIN_FIELDS = ("login_session_id", "access_token_id", "request_id")
ORIGIN = binds_of(CHANGES, ORIGIN_FIELDS)
BATCH = bindparam("batch", type_=BigInteger)
IS_CHANGED, CHANGE_BATCH, CHANGE_SEQ = "is_changed", "change_batch", "change_seq"
"""Columns of every row that a write returns: whether the plan changes this row, the batch, and the last number."""
CREATE = "create"
"""The action of a new resource in the log."""
ONE = literal_column("1", Integer)
NOTHING: ColumnElement[Any] = literal_column("'{}'::jsonb", JSONB)

LOG_VIOLATIONS = {LOG_OWNER_EXISTS: InvalidTokenError, CLOCK_OWNER_EXISTS: InvalidTokenError}

SNAPSHOT = select(CLOCKS.c.seq).where(CLOCKS.c.user_id == USER_ID).cte("snapshot").prefix_with("MATERIALIZED")
"""The number of the user's last change before a plan is read. MATERIALIZED keeps it apart from the clock on Citus."""

LOCK_CLOCK = Statement(
    upsert(CLOCKS)
    .values(user_id=USER_ID, seq=literal_column("0"))
    .on_conflict_do_update(index_elements=["user_id"], set_={"seq": CLOCKS.c.seq})
    .returning(CLOCKS.c.seq),
    violations=LOG_VIOLATIONS,
)
"""Locks the change clock of a user until the end of the transaction, and creates a missing one."""


class Write(Statement):
    """A statement that writes logged tables together with their log rows.

    Args:
        expression: the result, made by `written`.
        violations: by constraint name, the error to raise when the statement violates the constraint.
        always_changes: whether the write has no plan. It returns no row if the clock is missing.
    """

    is_logged_write = True

    def __init__(
        self, expression: ClauseElement, violations: Violations | None = None, *, always_changes: bool = False
    ) -> None:
        super().__init__(expression, {**LOG_VIOLATIONS, **(violations or {})})
        self.always_changes = always_changes


def json_object(columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    """Return a JSON object of these values; instants are in UTC and without an offset."""
    parts: list[ColumnElement[Any]] = []
    for name, column in columns.items():
        value = func.timezone(literal_column("'UTC'"), column) if isinstance(column.type, DateTime) else column
        parts += [literal_column(f"'{name}'"), value]
    return func.jsonb_build_object(*parts, type_=JSONB)


def created_values(columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    """Return the JSON object of a new row's values that are not null."""
    return func.jsonb_strip_nulls(json_object(columns), type_=JSONB)


def difference(
    old: Columns, new: Mapping[str, ColumnElement[Any]]
) -> tuple[ColumnElement[bool], ColumnElement[Any], ColumnElement[Any]]:
    """Return whether any field differs, and the JSON objects of the old and the new values that differ.

    Args:
        old: the stored values by field; has all fields of `new`.
        new: the values to write.
    """
    differs = {name: old[name].is_distinct_from(value) for name, value in new.items()}
    if len(new) == 1:
        [is_changed] = differs.values()
        return is_changed, json_object({name: old[name] for name in new}), json_object(new)
    before, after = NOTHING, NOTHING
    for name, value in new.items():
        before = _concat(before, case((differs[name], json_object({name: old[name]})), else_=NOTHING))
        after = _concat(after, case((differs[name], json_object({name: value})), else_=NOTHING))
    return or_(false(), *differs.values()), before, after


def advance_clock_by(number: ColumnElement[int]) -> CTE:
    """Return the CTE that advances the clock by a number, for a write that depends on no row, or holds the lock."""
    advanced = update(CLOCKS).where(CLOCKS.c.user_id == USER_ID).values(seq=CLOCKS.c.seq + number)
    return advanced.returning(CLOCKS.c.seq, (CLOCKS.c.seq - number + ONE).label("first")).cte("clock")


def advance_clock(plan: CTE, *, many: bool = False) -> CTE:
    """Return the CTE that locks and advances the clock by the number of changed rows of a plan.

    It has one row with `seq` and `first`, the last and the first number. It has no row if the plan changes nothing, or
    if another write was committed since the snapshot: the locked row then differs from the row of `SNAPSHOT`.

    Args:
        plan: has the column `is_changed`.
        many: whether the plan can have several rows.
    """
    is_unmoved = and_(CLOCKS.c.user_id == USER_ID, CLOCKS.c.seq == SNAPSHOT.c.seq)
    if many:
        counted = select(func.count().label("number")).where(plan.c.is_changed).subquery("counted")
        number: ColumnElement[int] = counted.c.number
        is_needed: ColumnElement[bool] = number > literal_column("0")
    else:
        number, is_needed = ONE, plan.c.is_changed
    advanced = update(CLOCKS).where(is_unmoved, is_needed).values(seq=CLOCKS.c.seq + number)
    first = CLOCKS.c.seq - number + ONE
    return advanced.returning(CLOCKS.c.seq, first.label("first")).cte("clock")


class Logged(NamedTuple):
    """The content of log rows.

    Attributes:
        entity: the type of the resource, such as `task`.
        action: what happened to it, such as `update`.
        before: the old values; None for a new row.
        after: the new values; None for a deleted row.
        undoes: the number of the change that each row undoes; None for none.
    """

    entity: str
    action: str
    before: ColumnElement[Any] | None = None
    after: ColumnElement[Any] | None = None
    undoes: ColumnElement[Any] | None = None


def log_changes(clock: CTE, rows: CTE, content: Logged, *, order: ColumnElement[Any] | None = None) -> CTE:
    """Return the CTE that writes the log rows.

    Args:
        clock: made by `advance_clock`.
        rows: the rows of a plan, or the new rows; has `id`, and `user_id` for a create. Rows whose `is_changed` is
            false are not logged.
        content: the content of the log rows.
        order: the order of the numbers; None if there is one row.
    """
    seq: ColumnElement[Any] = clock.c.seq
    if order is not None:
        seq = clock.c.first - ONE + func.row_number().over(order_by=order)
    source = rows.join(clock, true())
    if content.action == CREATE:
        user_id = rows.c.user_id
    else:
        user_id, source = CLOCKS.c.user_id, source.join(CLOCKS, CLOCKS.c.user_id == USER_ID)
    values: dict[str, ColumnElement[Any]] = {
        "user_id": user_id,
        "seq": seq,
        "batch": func.coalesce(BATCH, clock.c.first),
        "action": literal_column(f"'{content.action}'", Text),
        "type": literal_column(f"'{content.entity}'", Text),
        "id": rows.c.id,
        "before": _or_null(content.before),
        "after": _or_null(content.after),
        **ORIGIN,
        "undoes": _or_null(content.undoes),
    }
    values["before"], values["after"] = (type_coerce(values[name], JSONB) for name in ("before", "after"))
    logged = select(*values.values()).select_from(source)
    if IS_CHANGED in rows.c:
        logged = logged.where(rows.c[IS_CHANGED])
    return insert(CHANGES).from_select([*values], logged).cte("logged")


def written(plan: CTE, clock: CTE, *columns: ColumnElement[Any], new: CTE | None = None) -> Select[Any]:
    """Return the result of a write: a row for each row of the plan, with the columns that `Writer` reads.

    Args:
        plan: the plan.
        clock: made by `advance_clock`.
        columns: the columns of the result.
        new: the inserted row of a plan of one row.
    """
    source = plan.outerjoin(clock, true())
    if new is not None:
        source = source.outerjoin(new, true())
    batch = func.coalesce(cast(BATCH, BigInteger), clock.c.first).label(CHANGE_BATCH)
    result = select(*columns, plan.c.is_changed, batch, clock.c.seq.label(CHANGE_SEQ)).select_from(source)
    has_snapshot = any(getattr(element, "table", None) is SNAPSHOT for element in visitors.iterate(clock))
    return result.add_cte(SNAPSHOT) if has_snapshot else result


def _concat(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    return right if left is NOTHING else left.op("||", return_type=JSONB())(right)


def _or_null(value: ColumnElement[Any] | None) -> ColumnElement[Any]:
    return null() if value is None else value

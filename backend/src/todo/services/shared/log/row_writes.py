"""Logged writes of resources that are one row of a table, such as projects and sections."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Column,
    ColumnElement,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    true,
    update,
)

from todo.core.database.driver_errors import Violations
from todo.services.shared.arrays import INDEX, unnest
from todo.services.shared.log.insert_with_id import InsertWithId
from todo.services.shared.log.logged_values import stored_values
from todo.services.shared.log.reverted import Reverted, keys_of
from todo.services.shared.log.writer import Writer
from todo.services.shared.log.writes import (
    USER_ID,
    Logged,
    Write,
    advance_clock,
    created_values,
    difference,
    log_changes,
    written,
)
from todo.services.shared.positions import key_of
from todo.services.shared.tables import binds_of
from todo.services.shared.versions import entity_tag_matches, next_version

ROW_ID = bindparam("id", type_=BigInteger)
Consequences = Callable[[CTE, CTE], Iterable[CTE]]
"""Returns further parts of a write, from its plan with the new state of the rows and from its clock."""


def _no_consequences(_plan: CTE, _clock: CTE) -> Iterable[CTE]:
    return ()


@dataclass(frozen=True)
class RowWrites:
    """The writes of one type of resources.

    Attributes:
        table: has `user_id`, `id`, `position`, `version` and `updated_at`.
        entity: the type in the change log.
        columns: the columns that clients read.
        fields: the fields in the log of a new and of a changed resource.
        violations: by constraint name, the error to raise.
        consequences: what else a change of the fields writes.
    """

    table: Table
    entity: str
    columns: Sequence[Column[Any]]
    fields: Sequence[str]
    violations: Violations
    consequences: Consequences = _no_consequences

    @property
    def is_own(self) -> tuple[ColumnElement[bool], ...]:
        """The conditions of the row of the parameter `id`."""
        return (self.table.c.user_id == USER_ID, self.table.c.id == ROW_ID)

    def insert(self, plan: CTE, values: Mapping[str, ColumnElement[Any]]) -> Write:
        """Return the write of a new row with these values, if the plan has a row."""
        clock = advance_clock(plan)
        new_row = select(USER_ID, *values.values()).select_from(clock)
        row = insert(self.table).from_select(["user_id", *values], new_row).returning(*self.columns).cte("row")
        after = created_values({name: row.c[name] for name in self.fields})
        log = log_changes(clock, row, Logged(self.entity, "create", after=after))
        return Write(written(plan, clock, *row.c, new=row).add_cte(log), self.violations)

    def insert_many(self, columns: Sequence[str]) -> Write:
        """Return the write of new rows; an array for each of these columns. New ids are in the order of the arrays."""
        item = unnest(*((name, self.table.c[name].type) for name in columns))
        plan = select(*item.c, true().label("is_changed")).cte("plan")
        clock = advance_clock(plan, many=True)
        rows = select(USER_ID, *(plan.c[name] for name in columns)).select_from(plan.join(clock, true()))
        row = (
            insert(self.table)
            .from_select(["user_id", *columns], rows.order_by(plan.c[INDEX]))
            .returning(*self.columns, true().label("is_changed"))
            .cte("row")
        )
        after = created_values({name: row.c[name] for name in self.fields})
        log = log_changes(clock, row, Logged(self.entity, "create", after=after), order=row.c.id)
        return Write(written(row, clock, row.c.id).add_cte(log), self.violations)

    def update(self, fields: frozenset[str], *, conditional: bool) -> Write:
        """Return the write of these columns of one row; a conditional one has the parameter `entity_tags`."""
        condition = [entity_tag_matches(self.table)] if conditional else []
        new = binds_of(self.table, sorted(fields))
        is_changed, before, after = difference(self._state(), new)
        versions = next_version(self.table, is_changed)
        state = {column.name: column for column in self.columns} | new | versions
        plan = (
            select(
                *(column.label(name) for name, column in state.items()),
                is_changed.label("is_changed"),
                before.label("before"),
                after.label("after"),
            )
            .where(*self.is_own, *condition)
            .cte("plan")
        )
        clock = advance_clock(plan)
        row = (
            update(self.table)
            .where(self.table.c.user_id == USER_ID, self.table.c.id == plan.c.id, clock.c.seq.is_not(None))
            .values({name: plan.c[name] for name in [*new, *versions]})
            .cte("updated")
        )
        log = log_changes(clock, plan, Logged(self.entity, "update", plan.c.before, plan.c.after))
        shown = [plan.c[column.name] for column in self.columns]
        return Write(written(plan, clock, *shown).add_cte(row, *self.consequences(plan, clock), log), self.violations)

    @cached_property
    def restore(self) -> Write:
        """Return the write that inserts deleted rows with their ids; an array for each column, `id` and `undoes`."""
        restored = self.restored_columns
        item = unnest(
            ("id", BigInteger()), ("undoes", BigInteger()), *((name, self.table.c[name].type) for name in restored)
        )
        plan = select(*item.c, true().label("is_changed")).cte("plan")
        clock = advance_clock(plan, many=True)
        columns = [plan.c[name] for name in ["id", *restored]]
        rows = select(USER_ID, *columns, func.now()).select_from(plan.join(clock, true()))
        row = InsertWithId(self.table).from_select(["user_id", "id", *restored, "updated_at"], rows).cte("restored")
        after = created_values({name: plan.c[name] for name in self.fields})
        content = Logged(self.entity, "restore", after=after, undoes=plan.c.undoes)
        log = log_changes(clock, plan, content, order=plan.c[INDEX])
        return Write(written(plan, clock, plan.c.id).add_cte(row, log), self.violations)

    @property
    def restored_columns(self) -> list[str]:
        """The columns that `restore` inserts, beside the owner and the id."""
        return [column.name for column in self.table.c if column.name not in {"user_id", "id", "updated_at"}]

    @cached_property
    def revert(self) -> Write:
        """Return the write of all fields of several rows; an array for each field, `id` and `undoes`."""
        return self._write_many(self.fields)

    @cached_property
    def reposition(self) -> Write:
        """Return the write of the positions of several rows; the arrays `position`, `id` and `undoes`."""
        return self._write_many(["position"])

    def _write_many(self, fields: Sequence[str]) -> Write:
        item = unnest(
            ("id", BigInteger()), ("undoes", BigInteger()), *((name, self.table.c[name].type) for name in fields)
        )
        new = {name: item.c[name] for name in fields}
        is_changed, before, after = difference(self._state(), new)
        versions = next_version(self.table)
        plan = (
            select(
                self.table.c.id,
                *(value.label(name) for name, value in [*new.items(), *versions.items()]),
                is_changed.label("is_changed"),
                before.label("before"),
                after.label("after"),
                item.c.undoes,
                item.c[INDEX],
            )
            .join(item, item.c.id == self.table.c.id)
            .where(self.table.c.user_id == USER_ID)
            .cte("plan")
        )
        clock = advance_clock(plan, many=True)
        is_planned = (plan.c.is_changed, clock.c.seq.is_not(None))
        row = (
            update(self.table)
            .where(self.table.c.user_id == USER_ID, self.table.c.id == plan.c.id, *is_planned)
            .values({name: plan.c[name] for name in [*new, *versions]})
            .cte("updated")
        )
        content = Logged(self.entity, "update", plan.c.before, plan.c.after, plan.c.undoes)
        log = log_changes(clock, plan, content, order=plan.c[INDEX])
        return Write(
            written(plan, clock, plan.c.id).add_cte(row, *self.consequences(plan, clock), log), self.violations
        )

    @cached_property
    def remove(self) -> Write:
        """Return the write that deletes rows which nothing refers to; the arrays `id` and `undoes`."""
        item = unnest(("id", BigInteger()), ("undoes", BigInteger()))
        logged = {column.name: column for column in self.columns if column.name not in {"user_id", "id"}}
        plan = (
            select(
                self.table.c.id,
                true().label("is_changed"),
                created_values(logged).label("before"),
                item.c.undoes,
                item.c[INDEX],
            )
            .join(item, item.c.id == self.table.c.id)
            .where(self.table.c.user_id == USER_ID)
            .cte("plan")
        )
        clock = advance_clock(plan, many=True)
        planned_ids = select(plan.c.id).scalar_subquery()
        row = delete(self.table).where(
            self.table.c.user_id == USER_ID, self.table.c.id.in_(planned_ids), clock.c.seq.is_not(None)
        )
        content = Logged(self.entity, "delete", plan.c.before, undoes=plan.c.undoes)
        log = log_changes(clock, plan, content, order=plan.c[INDEX])
        return Write(written(plan, clock, plan.c.id).add_cte(row.cte("deleted"), log))

    async def restore_rows(self, writer: Writer, resources: Sequence[Reverted]) -> None:
        """Insert deleted resources with their ids. Their contents are not inserted."""
        rows = [stored_values(self.table, resource.fields) for resource in resources]
        rows = [{**row, "version": row["version"] + 1} for row in rows]
        arrays = {name: [row.get(name) for row in rows] for name in self.restored_columns}
        await writer.write_all(self.restore, **keys_of(resources), **arrays)

    async def revert_rows(self, writer: Writer, resources: Sequence[Reverted]) -> None:
        """Write all fields of existing resources."""
        rows = [stored_values(self.table, resource.fields) for resource in resources]
        arrays = {name: [row[name] for row in rows] for name in self.fields}
        await writer.write_all(self.revert, **keys_of(resources), **arrays)

    async def reposition_rows(self, writer: Writer, keys: Mapping[int, str]) -> None:
        """Write the positions of existing resources by id."""
        ids = keys_of(Reverted(None, row_id, {}) for row_id in keys)
        await writer.write_all(self.reposition, **ids, position=[*keys.values()])

    async def remove_rows(self, writer: Writer, resources: Sequence[Reverted]) -> None:
        """Delete resources that contain nothing."""
        await writer.write_all(self.remove, **keys_of(resources))

    def _state(self) -> dict[str, ColumnElement[Any]]:
        """Return the stored values as clients read them."""
        return {**self.table.c, "position": key_of(self.table.c)}

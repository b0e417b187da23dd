"""Lists: one statement reads a page in a total order, by page number or by cursor, with the total count.

A noun that is listed defines a `Listing`: its columns and its orders. ADR 0008 has the plans and their costs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Subquery,
    Table,
    bindparam,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from todo.core.database.session import Row, Session
from todo.core.database.statement import Statement
from todo.domain.identifiers import BIGINT_MAX
from todo.domain.listing import InvalidCursorError
from todo.schemas.page import Page, PageQuery, make_page
from todo.services.shared.cursors import CursorCodec

Item = TypeVar("Item", bound=Mapping[str, Any])
Columns = ReadOnlyColumnCollection[str, ColumnElement[Any]] | Mapping[str, ColumnElement[Any]]
Conditions = Sequence[ColumnElement[bool]]
SortKeys = Sequence[ColumnElement[Any]]
ONE: ColumnElement[int] = literal_column("1")
FIRST: ColumnElement[int] = literal_column("0")
"""As an offset it keeps all rows."""
NEWEST_FIRST = "-created_at"
LIST_TIMEOUT_SECONDS = 2.0
"""A list of 100,000 tasks takes a tenth of this; a slower one must not hold a connection."""


@dataclass(frozen=True)
class Order:
    """A sort field.

    Attributes:
        column: the column that is compared.
        cursor_type: the pydantic type of the field's value in a cursor.
        key: returns the sort key for the compared value, in the words of its index.
        column_value: returns the column's value for the field's value in a cursor.
        compared: returns the value that is compared, if it is more than the column.
        item_value: returns the field's value in a cursor, if it is more than the item's field.
        is_indexed: whether an index has this order.
    """

    column: str
    cursor_type: Any
    key: Callable[[ColumnElement[Any]], ColumnElement[Any]] = lambda column: column
    column_value: Callable[[Any], Any] = lambda value: value
    compared: Callable[[Columns], ColumnElement[Any]] | None = None
    item_value: Callable[[Mapping[str, Any]], Any] | None = None
    is_indexed: bool = True

    def key_of(self, columns: Columns) -> ColumnElement[Any]:
        """Return the sort key of an item."""
        return self.key(columns[self.column] if self.compared is None else self.compared(columns))


class PageShape(NamedTuple):
    """The parts of a page request that decide the text of its statement.

    Attributes:
        sort: the field to sort by, with `-` before it for descending.
        counts: whether the statement returns the total.
        skips: whether it skips earlier pages; binds `offset`.
        continues: whether it continues after a cursor; binds `after` and `after_id`.
    """

    sort: str
    counts: bool = True
    skips: bool = False
    continues: bool = False


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """The definition of a list.

    Attributes:
        table: the keys are `user_id` and `id`.
        columns: the columns of an item.
        orders: by sort field.
        read_row: returns the item of a row.
        is_owned: the condition that a row belongs to the user.
        computed: returns further columns of an item, such as its tags; evaluated for the items of the page alone.
    """

    table: Table
    columns: Sequence[ColumnElement[Any]]
    orders: Mapping[str, Order]
    read_row: Callable[[Row], Item]
    is_owned: ColumnElement[bool]
    computed: Callable[[Columns], Sequence[ColumnElement[Any]]] = lambda _item: ()
    cursors: CursorCodec = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "cursors", CursorCodec({name: order.cursor_type for name, order in self.orders.items()})
        )

    def sort_keys(self, columns: Columns, sort: str) -> SortKeys:
        """Return the sort keys of an item; the last one is the id, so the order is total."""
        return [self.orders[sort.removeprefix("-")].key_of(columns), columns["id"]]

    def select_page(self, shape: PageShape, conditions: Conditions, matching: CTE | None = None) -> Statement:
        """Return the statement for a page. Each row has an item's columns and, if it counts, the `total` of the list.

        A page without items is one row whose `id` is null, or no row if the statement does not count.

        Args:
            shape: the sort and the kind of paging.
            conditions: the filters, the owner among them.
            matching: the ids and sort keys (`id`, `sort_key`) of all items, where no index has them in this order.
        """
        page = self._page(shape, conditions, matching)
        order = _in_direction([page.c.sort_key, page.c.id], shape.sort)
        columns = [*(page.c[column.name] for column in self.columns), *self.computed(page.c)]
        if not shape.counts:
            return Statement(select(*columns).select_from(page).order_by(*order), timeout=LIST_TIMEOUT_SECONDS)
        total = self._total(conditions, matching)
        listed = select(total.c.total, *columns).select_from(total.outerjoin(page, true())).order_by(*order)
        return Statement(listed, timeout=LIST_TIMEOUT_SECONDS)

    def _page(self, shape: PageShape, conditions: Conditions, matching: CTE | None) -> Subquery:
        """Return the items of one page. Skipped and unsorted items are read by id and sort key alone."""
        if matching is not None:
            keys: SortKeys = [matching.c.sort_key, matching.c.id]
            items = select(matching.c.id, matching.c.sort_key)
        else:
            keys = self.sort_keys(self.table.c, shape.sort)
            columns = [self.table.c.id] if shape.skips else self.columns
            items = select(*columns, keys[0].label("sort_key")).where(*conditions)
        items = items.where(*self._after_cursor(keys, shape)).order_by(*_in_direction(keys, shape.sort))
        items = items.limit(bindparam("limit", type_=BigInteger))
        if not shape.skips and matching is None:
            return items.subquery("page")
        shown = (items.offset(bindparam("offset", type_=BigInteger)) if shape.skips else items).subquery("shown")
        # The limit stops PostgreSQL from inverting the join, which would scan `shown` once for each row of the table.
        row = select(*self.columns).where(self.is_owned, self.table.c.id == shown.c.id).limit(ONE).lateral("item")
        return select(*row.c, shown.c.sort_key).select_from(shown.join(row, true())).subquery("page")

    def _total(self, conditions: Conditions, matching: CTE | None) -> Subquery:
        counted = select(func.count().label("total"))
        if matching is not None:
            return counted.select_from(matching).subquery("counted")
        return counted.select_from(self.table).where(*conditions).subquery("counted")

    def _after_cursor(self, keys: SortKeys, shape: PageShape) -> Conditions:
        if not shape.continues:
            return []
        order = self.orders[shape.sort.removeprefix("-")]
        after = bindparam("after", type_=self.table.c[order.column].type)
        here, there = tuple_(*keys), tuple_(order.key(after), bindparam("after_id", type_=BigInteger))
        return [here < there if shape.sort.startswith("-") else here > there]

    async def fetch_page(
        self,
        session: Session,
        query: PageQuery,
        sort: str,
        select_page: Callable[[PageShape], Statement],
        **values: object,
    ) -> Page[Item]:
        """Return a page.

        Args:
            session: one statement runs in it.
            query: page, limit, cursor and total as the client sent them.
            sort: the sort field, with `-` before it for descending.
            select_page: returns the statement for a shape.
            values: the parameters of the filters.

        Raises:
            InvalidCursorError: the cursor belongs to another sort or is malformed, or a page is requested with it.
        """
        cursor = None if query.cursor is None else self.cursors.read(query.cursor, sort)
        if cursor is not None and query.page != 1:
            raise InvalidCursorError
        shape = PageShape(sort, query.total, skips=query.page > 1, continues=cursor is not None)
        # Without a usable total, one more item than the page shows tells whether there is a next page.
        has_exact_total = query.total and cursor is None
        values["limit"] = query.limit if has_exact_total else query.limit + 1
        if shape.skips:
            values["offset"] = min((query.page - 1) * query.limit, BIGINT_MAX)
        if cursor is not None:
            order = self.orders[sort.removeprefix("-")]
            values |= {"after": order.column_value(cursor.after), "after_id": cursor.after_id}
        rows = await session.fetch_all(select_page(shape), **values)
        total: int | None = rows[0]["total"] if query.total else None
        items = [self.read_row(row) for row in rows[: query.limit] if row["id"] is not None]
        has_more = query.page * query.limit < (total or 0) if has_exact_total else len(rows) > query.limit
        return make_page(
            items,
            total=total,
            page=query.page if cursor is None else None,
            limit=query.limit,
            next_cursor=self._write_cursor(sort, items[-1]) if items and has_more else None,
        )

    def _write_cursor(self, sort: str, item: Item) -> str:
        field = sort.removeprefix("-")
        item_value = self.orders[field].item_value
        return self.cursors.write(sort, item if item_value is None else {**item, field: item_value(item)})


def _in_direction(keys: SortKeys, sort: str) -> SortKeys:
    return [key.desc() for key in keys] if sort.startswith("-") else keys

"""The statements that list tasks: one per shape of query, in which everything else is a bound value.

A page is read from an index in its order, and its total counted on the narrowest index there is. A search looks through
the tasks once for both. ADR 0034 has the plans and what they cost.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Subquery,
    and_,
    any_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy import String as SqlString
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from todo.core.database.session import Statement
from todo.models.task import PRIORITIES
from todo.services.tasks.statements import COLUMNS, LINKS, ONE, TAG_ID, TAGS, TASKS, USER_ID, tags_json

Columns = ReadOnlyColumnCollection[str, ColumnElement[Any]] | Mapping[str, ColumnElement[Any]]
Conditions = Sequence[ColumnElement[bool]]
Keys = Sequence[ColumnElement[Any]]
NEWEST_FIRST = "-created_at"
PRIORITY_RANKS = {"high": 1, "medium": 2, "low": 3}
"""By name, the place in `PRIORITIES`."""
SEARCHED_ONE_BY_ONE: ColumnElement[int] = literal_column("3000")
"""Up to so many tasks of a user are searched by reading them; for more the index over all users' words is worth it."""


class ListShape(NamedTuple):
    """What decides the text of a list statement.

    Attributes:
        searches: it looks for a text.
        status: `all`, `pending` or `completed`.
        has_priority: it filters by priority.
        has_tag: it filters by a tag.
        has_external_id: it filters by the client's key.
        sort: the field to sort by, `-` before it for descending.
        counts: it tells how many there are in all.
        skips: it leaves out the first so many.
        continues: it goes on after a certain task.
        spans: the text that it looks for has the separator in it that stands between title and description.
    """

    searches: bool
    status: str
    has_priority: bool
    has_tag: bool
    has_external_id: bool
    sort: str = NEWEST_FIRST
    counts: bool = True
    skips: bool = False
    continues: bool = False
    spans: bool = False


def _priority_rank(tasks: Columns) -> ColumnElement[int]:
    """Return the place of a task's priority, in the very words of the index on it."""
    return func.array_position(literal_column(PRIORITIES), tasks["priority"])


def _due(tasks: Columns) -> ColumnElement[Any]:
    """Return when a task is due, in the very words of the index on it: never counts as the greatest (FLT-010)."""
    return func.coalesce(tasks["due_date"], literal_column("'infinity'::timestamptz"))


ORDERS: Mapping[str, Callable[[Columns], ColumnElement[Any]]] = {
    "created_at": lambda tasks: tasks["created_at"],
    "due_date": _due,
    "priority": _priority_rank,
    "title": lambda tasks: func.lower(tasks["title"]),
}
LAST_SEEN: Mapping[str, ColumnElement[Any]] = {
    "created_at": bindparam("after", type_=DateTime(timezone=True)),
    "due_date": bindparam("after", type_=DateTime(timezone=True)),
    "priority": bindparam("after", type_=SqlString),
    "title": bindparam("after", type_=SqlString),
    "id": bindparam("after_id", type_=BigInteger),
}
"""The task that a page goes on after, by the columns that it is known of."""


def _keys(tasks: Columns, sort: str) -> Keys:
    """Return what an order compares; it ends in the id and is total."""
    return [ORDERS[sort.removeprefix("-")](tasks), tasks["id"]]


def _order(keys: Keys, sort: str) -> Keys:
    return [key.desc() for key in keys] if sort.startswith("-") else keys


def _conditions(shape: ListShape) -> list[ColumnElement[bool]]:
    """Return what a task of the list fulfils, apart from a search."""
    conditions: list[ColumnElement[bool]] = [TASKS.c.user_id == USER_ID]
    if shape.status != "all":
        conditions.append(TASKS.c.completed == (true() if shape.status == "completed" else false()))
    if shape.has_priority:
        conditions.append(_priority_rank(TASKS.c) == bindparam("priority_rank", type_=Integer))
    if shape.has_tag:
        is_it = or_(TAGS.c.name == bindparam("tag_name", type_=SqlString), TAGS.c.id == TAG_ID)
        carried = and_(TAGS.c.user_id == LINKS.c.user_id, TAGS.c.id == LINKS.c.tag_id)
        carrying = select(LINKS.c.task_id).join(TAGS, carried).where(LINKS.c.user_id == USER_ID, is_it)
        # An array is looked up in one walk through the keys; a join would be planned for the few tasks of most tags.
        conditions.append(TASKS.c.id == any_(func.array(carrying.scalar_subquery())))
    if shape.has_external_id:
        conditions.append(TASKS.c.external_id == bindparam("external_id", type_=SqlString))
    return conditions


def _going_on(keys: Keys, shape: ListShape) -> Conditions:
    """Return the condition of coming after the last task seen, in this order; none when the list begins."""
    if not shape.continues:
        return []
    here, there = tuple_(*keys), tuple_(*_keys(LAST_SEEN, shape.sort))
    return [here < there if shape.sort.startswith("-") else here > there]


@cache
def select_page(shape: ListShape) -> Statement:
    """Return the statement that reads a page, each task with its tags, and in every row the `total` of the list.

    A page without tasks is one row whose `id` is null; without a total to tell, no row. Binds `user_id`, `limit` and
    what the shape uses: `contains` (a LIKE pattern), `priority_rank`, `tag_name` with `tag_id`, `external_id`,
    `offset`, and of the last task seen `after` (the field of the order, null for no date) and `after_id`.
    """
    source = _matching(shape) if shape.searches or shape.has_tag else None
    page = _page(shape, source)
    total = _total(shape, source)
    order = _order(_keys(page.c, shape.sort), shape.sort)
    listed = select(total.c.total, *page.c, tags_json(page.c)) if shape.counts else select(*page.c, tags_json(page.c))
    return Statement(listed.select_from(total.outerjoin(page, true()) if shape.counts else page).order_by(*order))


def _matching(shape: ListShape) -> CTE:
    """Return the ids and sort keys of all tasks of a list that no index has in its order, looked for once.

    The words of all users are in one index: looking there for a common word costs the more, the more tasks others have.
    Whoever has few tasks is searched by reading them instead.
    """
    key, task_id = _keys(TASKS.c, shape.sort)
    found = select(task_id, key.label("key")).where(*_conditions(shape))
    if not shape.searches:
        return found.cte("matching")
    counted = select(literal_column("1")).where(TASKS.c.user_id == USER_ID).limit(SEARCHED_ONE_BY_ONE + 1).subquery()
    size = select((func.count() > SEARCHED_ONE_BY_ONE).label("is_large")).select_from(counted).cte("size")
    is_large = select(size.c.is_large).scalar_subquery()
    contains = func.lower(bindparam("contains", type_=SqlString))
    if shape.spans:
        either = (func.lower(text).like(contains, escape="\\") for text in (TASKS.c.title, TASKS.c.description))
        found = found.where(or_(*either))
    # An expression that no index is on.
    one_by_one = found.where(~is_large, TASKS.c.search_text.concat(literal_column("''")).like(contains, escape="\\"))
    by_index = found.where(is_large, TASKS.c.search_text.like(contains, escape="\\"))
    return union_all(one_by_one, by_index).cte("matching")


def _page(shape: ListShape, matching: CTE | None) -> Subquery:
    """Return the tasks of one page.

    What is looked for or skipped is so by id and key alone; the rest is read of those tasks that are shown.
    """
    if matching is not None:
        keys: Keys = [matching.c.key, matching.c.id]
        listed = select(matching.c.id)
    else:
        keys = _keys(TASKS.c, shape.sort)
        listed = select(TASKS.c.id) if shape.skips else select(*COLUMNS)
        listed = listed.where(*_conditions(shape))
    listed = listed.where(*_going_on(keys, shape)).order_by(*_order(keys, shape.sort))
    listed = listed.limit(bindparam("limit", type_=BigInteger))
    if not shape.skips and matching is None:
        return listed.subquery("page")
    shown = (listed.offset(bindparam("offset", type_=BigInteger)) if shape.skips else listed).subquery("shown")
    # The limit keeps PostgreSQL from turning the join around, and looking up what is shown once for every task.
    row = select(*COLUMNS).where(TASKS.c.user_id == USER_ID, TASKS.c.id == shown.c.id).limit(ONE).lateral("task")
    return select(*row.c).select_from(shown.join(row, true())).subquery("page")


def _total(shape: ListShape, matching: CTE | None) -> Subquery:
    """Return how many tasks the list has."""
    counted = select(func.count().label("total"))
    if matching is not None:
        return counted.select_from(matching).subquery("counted")
    return counted.select_from(TASKS).where(*_conditions(shape)).subquery("counted")

"""Batches of rows, for workers and for statements on many rows."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, Table, select, tuple_

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of at most this many items."""
    remaining = iter(items)
    while some := [*islice(remaining, size)]:
        yield some


def in_batch(table: Table, rows: Select[*tuple[object, ...]]) -> ColumnElement[bool]:
    """Return the condition that a row is in a batch. `rows` selects the primary key, with ORDER BY and LIMIT.

    Rows that another process has locked are left out. The batch is a common table expression, because PostgreSQL can
    run a subquery again for each row of the table, and would then lock all rows instead of a batch.
    """
    batch = rows.with_for_update(skip_locked=True).cte("batch")
    return tuple_(*table.primary_key).in_(select(*batch.c))


def in_batch_of_shards(table: Table, rows: Select[*tuple[object, ...]]) -> ColumnElement[bool]:
    """Return the condition of `in_batch` for a distributed table, whose rows cannot be locked across shards.

    A statement that waits for a locked row deletes it if the row still exists.
    """
    return tuple_(*table.primary_key).in_(select(*rows.cte("batch").c))

"""Saved filters in undo and in the trash: put back, changed back, and removed again (ADR 0055)."""

from collections.abc import Sequence

from todo.services.filters import statements
from todo.services.filters.statements import FILTERS, LOGGED_FIELDS, WRITES
from todo.services.shared.log.logged_values import stored_values
from todo.services.shared.log.reverted import Reverted, keys_of
from todo.services.shared.log.writer import Writer


async def restore_filters(writer: Writer, filters: Sequence[Reverted]) -> None:
    """Insert deleted filters with their ids."""
    rows = [stored_values(FILTERS, saved_filter.fields) for saved_filter in filters]
    arrays = {name: [row.get(name) for row in rows] for name in WRITES.restored_columns}
    arrays["version"] = [row["version"] + 1 for row in rows]
    await writer.write_all(statements.RESTORE_FILTERS, **keys_of(filters), **arrays)


async def revert_filters(writer: Writer, filters: Sequence[Reverted]) -> None:
    """Write the fields of existing filters; each filter has all of them."""
    arrays = {name: [saved_filter.fields[name] for saved_filter in filters] for name in LOGGED_FIELDS}
    await writer.write_all(statements.REVERT_FILTERS, **keys_of(filters), **arrays)


async def remove_filters(writer: Writer, filters: Sequence[Reverted]) -> None:
    """Delete filters."""
    await writer.write_all(statements.REMOVE_FILTERS, **keys_of(filters))

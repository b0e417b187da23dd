"""Tags in undo and in the trash: put back, changed back, and removed again (ADR 0055)."""

from collections.abc import Sequence
from typing import Any

from todo.domain.text import sort_key
from todo.services.shared.log.logged_values import stored_values
from todo.services.shared.log.reverted import Reverted, keys_of
from todo.services.shared.log.writer import Writer
from todo.services.tags import restore_statements
from todo.services.tags.statements import TAGS


async def restore_tags(writer: Writer, tags: Sequence[Reverted]) -> None:
    """Insert deleted tags with their ids, without links.

    Raises:
        TagNameTakenError: another tag has the name.
    """
    rows = [_row(tag) for tag in tags]
    arrays = {name: [row.get(name) for row in rows] for name in restore_statements.RESTORED_COLUMNS}
    await writer.write_all(restore_statements.RESTORE_TAGS, **keys_of(tags), **arrays)


async def revert_tags(writer: Writer, tags: Sequence[Reverted]) -> None:
    """Write the names and colours of existing tags; each tag has both.

    Raises:
        TagNameTakenError: another tag has the name.
    """
    rows = [{**tag.fields, "name_key": sort_key(tag.fields["name"])} for tag in tags]
    arrays = {name: [row[name] for row in rows] for name in restore_statements.UPDATED_COLUMNS}
    await writer.write_all(restore_statements.UPDATE_TAGS, **keys_of(tags), **arrays)


async def remove_tags(writer: Writer, tags: Sequence[Reverted]) -> None:
    """Delete tags with their links."""
    await writer.write_all(restore_statements.DELETE_TAGS, **keys_of(tags))


def _row(tag: Reverted) -> dict[str, Any]:
    row = stored_values(TAGS, tag.fields)
    return {**row, "name_key": sort_key(row["name"]), "version": row["version"] + 1}

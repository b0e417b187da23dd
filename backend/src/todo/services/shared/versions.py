"""Versions of rows: increased by every change, compared by conditional writes (RFC 9110, section 13; ADR 0024)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Table, Text, any_, bindparam, case, cast, func, literal_column, or_

from todo.core.errors import PreconditionFailedError
from todo.schemas.entity_tag import entity_tag

EntityTags = frozenset[str]
"""The entity tags that a conditional write accepts, without quotes: `3` or, with the digest of tags, `3-1f0c…`."""
SEPARATOR: ColumnElement[str] = literal_column("'-'", Text)


def next_version(table: Table, is_changed: ColumnElement[bool] | None = None) -> dict[str, ColumnElement[object]]:
    """Return the values that a changed row gets: `version`, and `updated_at` if there is one.

    `updated_at` always increases, even if the server's clock is set back.

    Args:
        table: has `version`.
        is_changed: the condition of a change; without it the row keeps its values. None means always.
    """
    values: dict[str, ColumnElement[object]] = {"version": table.c.version + literal_column("1")}
    if "updated_at" in table.c:
        next_instant = table.c.updated_at + literal_column("interval '1 microsecond'")
        values["updated_at"] = func.greatest(func.now(), next_instant)
    if is_changed is None:
        return values
    return {name: case((is_changed, value), else_=table.c[name]) for name, value in values.items()}


def entity_tag_matches(table: Table, digest: ColumnElement[str] | None = None) -> ColumnElement[bool]:
    """Return the condition of a conditional write, for its WHERE; the statement gets the parameter `entity_tags`.

    A tag that is a version alone matches whatever the digest is.
    """
    entity_tags = bindparam("entity_tags", type_=ARRAY(Text))
    version = cast(table.c.version, Text)
    matches = version == any_(entity_tags)
    if digest is None:
        return matches
    return or_(matches, version.concat(SEPARATOR).concat(digest) == any_(entity_tags))


def check_entity_tags(entity_tags: EntityTags | None, resource: Mapping[str, Any]) -> None:
    """Check the entity tags of a conditional write against the current state; None accepts any state.

    Raises:
        PreconditionFailedError: no tag is that of the resource.
    """
    if entity_tags is not None and entity_tags.isdisjoint({entity_tag(resource), str(resource["version"])}):
        raise PreconditionFailedError(resource)


def condition_values(entity_tags: EntityTags | None) -> dict[str, EntityTags]:
    """Return the parameters of a statement that is conditional if there are entity tags."""
    return {} if entity_tags is None else {"entity_tags": entity_tags}

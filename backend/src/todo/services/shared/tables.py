"""Tables and columns, derived from models and schemas."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BindParameter, Column, Table, bindparam

from todo.models.base import Base


def table_of(model: type[Base]) -> Table:
    """Return the table of a model."""
    return Base.metadata.tables[str(model.__tablename__)]


def columns_of(table: Table, schema: type[Any], *, without: Iterable[str] = ()) -> tuple[Column[Any], ...]:
    """Return the columns that a public schema shows, in its order.

    Args:
        table: has a column for each field.
        schema: a pydantic model or a TypedDict.
        without: fields that are computed instead of stored.
    """
    return tuple(table.c[name] for name in _field_names(schema) if name not in without)


def binds_of(table: Table, names: Iterable[str]) -> dict[str, BindParameter[Any]]:
    """Return a parameter for each of these columns, by its name and with its type."""
    return {name: bindparam(name, type_=table.c[name].type) for name in names}


def _field_names(schema: type[Any]) -> Iterable[str]:
    fields: Mapping[str, Any] = getattr(schema, "model_fields", None) or schema.__annotations__
    return fields

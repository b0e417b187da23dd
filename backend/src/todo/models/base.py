"""What all tables share: one registry of metadata, and names for constraints that nobody has to guess."""

from datetime import datetime

from sqlalchemy import Column, ColumnElement, DateTime, MetaData, Table, func, literal_column
from sqlmodel import SQLModel

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(SQLModel):
    """The parent of all tables."""

    metadata = MetaData(naming_convention=NAMING)


def instant_column() -> Column[datetime]:
    """Return a column for an instant that defaults to that of the transaction."""
    return Column(DateTime(timezone=True), nullable=False, server_default=func.now())


def changed(table: Table) -> dict[str, ColumnElement[object]]:
    """Return what every change of a row sets besides: its version, and its `updated_at` if it has one.

    The instant is later than the one before even if the server's clock went back.
    """
    stamps: dict[str, ColumnElement[object]] = {"version": table.c.version + 1}
    if "updated_at" in table.c:
        a_moment_later = table.c.updated_at + literal_column("interval '1 microsecond'")
        stamps["updated_at"] = func.greatest(func.now(), a_moment_later)
    return stamps


def table_of(model: type[Base]) -> Table:
    """Return the table that a model describes, for statements on its columns."""
    return Base.metadata.tables[str(model.__tablename__)]

"""The base class of all tables, and the naming convention of constraints."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime, ForeignKey, MetaData, Uuid, func
from sqlmodel import SQLModel

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


LOGGED = {"is_logged": True}
"""The `info` of a table whose rows are written by a `Write` alone, together with their log rows (ADR 0052)."""


class Base(SQLModel):
    """The base class of all tables."""

    metadata = MetaData(naming_convention=NAMING)


def instant_column() -> Column[datetime]:
    """Return a column that is not null and whose default is the start of the transaction."""
    return Column(DateTime(timezone=True), nullable=False, server_default=func.now())


def owner_column(constraint: str) -> Column[UUID]:
    """Return the column of the user who owns the row. The row is deleted with the user.

    Args:
        constraint: the name of the foreign key, which statements translate into an error.
    """
    return Column(Uuid, ForeignKey("users.id", name=constraint, ondelete="CASCADE"), nullable=False)

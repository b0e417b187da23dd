"""Inserts that keep the id of a deleted row."""

from typing import Any

from sqlalchemy import Insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler


class InsertWithId(Insert):
    """An INSERT from a SELECT whose rows have their own ids; an identity column generates none."""

    inherit_cache = True


@compiles(InsertWithId)
def _compile(insert: InsertWithId, compiler: SQLCompiler, **options: Any) -> str:
    """Compile the INSERT with `OVERRIDING SYSTEM VALUE`, for which SQLAlchemy has no name."""
    sql: str = compiler.visit_insert(insert, **options)  # type: ignore[no-untyped-call]  # SQLAlchemy's gap
    columns, select, values = sql.partition(") SELECT ")
    assert select, "The rows of an InsertWithId are those of a SELECT"
    return f"{columns}) OVERRIDING SYSTEM VALUE SELECT {values}"

"""Parameters of statements on many rows: an array for each column, with an element for each row."""

from typing import Any

from sqlalchemy import ARRAY, bindparam, column, func
from sqlalchemy.sql.selectable import TableValuedAlias

INDEX = "index"
"""The position of a row among the elements of the arrays, from 1."""


def unnest(*columns: tuple[str, Any], name: str = "item") -> TableValuedAlias:
    """Return the rows of arrays of equal length; each array is the parameter of its column's name.

    Args:
        columns: the names and types of the columns.
        name: the alias of the rows.
    """
    arrays = [bindparam(key, type_=ARRAY(type_)) for key, type_ in columns]
    return (
        func.unnest(*arrays)
        .table_valued(*(column(key, type_) for key, type_ in columns), with_ordinality=INDEX)
        .render_derived(name=name)
    )

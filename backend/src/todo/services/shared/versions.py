"""Versions of rows: bumped by every change, compared by conditional writes (RFC 9110, section 13)."""

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Table, any_, bindparam, func, literal_column

Versions = frozenset[int]
"""The versions that a conditional write accepts; the empty set accepts none."""


def bump_version(table: Table) -> dict[str, ColumnElement[object]]:
    """Return the values that every UPDATE of this table sets: `version`, and `updated_at` if there is one.

    `updated_at` always increases, even if the server's clock is set back.
    """
    values: dict[str, ColumnElement[object]] = {"version": table.c.version + 1}
    if "updated_at" in table.c:
        next_instant = table.c.updated_at + literal_column("interval '1 microsecond'")
        values["updated_at"] = func.greatest(func.now(), next_instant)
    return values


def version_matches(table: Table) -> ColumnElement[bool]:
    """Return the condition of a conditional write, for its WHERE; the statement gets the parameter `versions`."""
    return table.c.version == any_(bindparam("versions", type_=ARRAY(BigInteger)))

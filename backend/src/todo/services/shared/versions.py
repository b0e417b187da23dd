"""What a write may depend on: that nobody changed the resource since the client read it (RFC 9110, section 13)."""

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Table, any_, bindparam

Versions = frozenset[int]
"""The versions of a resource that a client is willing to change; an empty set: none that there is."""


def is_wanted(table: Table) -> ColumnElement[bool]:
    """Return the condition for the WHERE of the write itself, so that no change slips in between; binds `versions`."""
    return table.c.version == any_(bindparam("versions", type_=ARRAY(BigInteger)))

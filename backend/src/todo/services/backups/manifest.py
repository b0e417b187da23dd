"""The manifest: the contents of a backup, and the digests that a restore verifies."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

FORMAT = 1
"""The version of the format. A program reads the versions up to its own one."""
MANIFEST = "manifest.json"
SECRET = "jwt_secret_key"  # noqa: S105 -- the name of a member
TABLES_FOLDER = "tables"
LAST_VALUE_MAX = 10**18
"""Ids stay below 18 digits. A larger position would leave no room for new ids."""


class TableEntry(BaseModel):
    """A table: its columns in the order of the file, and the number of its rows."""

    name: str
    columns: tuple[str, ...]
    rows: int


class IdentityEntry(BaseModel):
    """An identity column, and the last id that its sequence has given; None if the sequence is unused."""

    table: str
    column: str
    last_value: Annotated[int, Field(le=LAST_VALUE_MAX)] | None


class Manifest(BaseModel):
    """The contents of a backup.

    Attributes:
        format: the version of the format.
        service_version: the version of the program that wrote the file.
        revision: the revision of the schema.
        created_at: the instant of the snapshot.
        tables: in an order in which each foreign key refers to an earlier table.
        identities: the positions of the sequences.
        digests: the SHA-256 of each member by name, in the order of the file, without the manifest.
    """

    format: int
    service_version: str
    revision: str
    created_at: datetime
    tables: tuple[TableEntry, ...]
    identities: tuple[IdentityEntry, ...]
    digests: dict[str, str]


def part_name(table: str, number: int) -> str:
    """Return the name of the member with a part of a table's rows, counted from 1."""
    return f"{TABLES_FOLDER}/{table}/{number:06}.copy"


def table_of(member: str) -> str | None:
    """Return the table whose rows a member has, or None for another member."""
    folder, _, rest = member.partition("/")
    return rest.partition("/")[0] if folder == TABLES_FOLDER else None

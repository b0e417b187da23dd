"""The data models under specs/ describe the tables of the models."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Column, Table
from sqlalchemy.dialects.postgresql import asyncpg

from todo.models import Base

ROOT = Path(__file__).parents[3]
SECTION = re.compile(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
TABLE_HEAD = "| column | type | null | default | meaning |\n|---|---|---|---|---|\n"
LIST_HEAD = "\n\nConstraints and indexes:\n\n"
LISTED_NAME = re.compile(r"^- `(\w+)`", re.MULTILINE)
SHORT_TYPES = {"timestamp with time zone": "timestamptz"}

TABLES = Base.metadata.tables
DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's gap


class ColumnDescription(NamedTuple):
    """The cells of a column's row, without the meaning."""

    name: str
    type: str
    null: str
    has_default: bool


def read_sections() -> list[tuple[str, str]]:
    """Return the tables of all data models, each with the text below its heading."""
    pages = sorted(ROOT.glob("specs/*/data-model.md"))
    return [section for page in pages for section in SECTION.findall(page.read_text())]


def read_columns(section: str) -> list[ColumnDescription]:
    [_, content] = section.split(TABLE_HEAD)
    return [read_row(row) for row in content.partition("\n\n")[0].splitlines()]


def read_row(row: str) -> ColumnDescription:
    _, name, type_, null, default, _meaning, _ = (cell.strip() for cell in row.split("|"))
    return ColumnDescription(name.strip("`"), type_.strip("`"), null, default != "")


def read_names(section: str) -> list[str]:
    [_, content] = section.split(LIST_HEAD)
    return sorted(LISTED_NAME.findall(content))


def describe_column(column: Column[object]) -> ColumnDescription:
    type_ = column.type.compile(dialect=DIALECT).lower()
    null = "yes" if column.nullable else "no"
    return ColumnDescription(column.name, SHORT_TYPES.get(type_, type_), null, column.server_default is not None)


def names_of(table: Table) -> list[str]:
    names = [*(constraint.name for constraint in table.constraints), *(index.name for index in table.indexes)]
    return sorted(map(str, names))


def test_each_table_is_described_once() -> None:
    assert sorted(name for name, _ in read_sections()) == sorted(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_columns_of_a_table_are_described(table: str) -> None:
    columns = read_columns(dict(read_sections())[table])

    assert columns == [describe_column(column) for column in TABLES[table].columns]


@pytest.mark.parametrize("table", TABLES)
def test_constraints_and_indexes_of_a_table_are_listed(table: str) -> None:
    names = read_names(dict(read_sections())[table])

    assert names == names_of(TABLES[table])

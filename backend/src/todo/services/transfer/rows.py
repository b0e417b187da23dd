"""The rows of a document: validated one after the other, and kept as small as they can be."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import ValidationError

from todo.core.json_rows import JsonRows
from todo.domain.transfer import DuplicateRowError
from todo.schemas.error import field_name, problem_of
from todo.schemas.request import RequestModel
from todo.schemas.transfer.document import (
    ImportedOccurrence,
    ImportedProject,
    ImportedSection,
    ImportedTag,
    ImportedTask,
)
from todo.services.occurrences.statements import RECORD_COLUMNS
from todo.services.tasks.bulk_statements import CREATED_COLUMNS
from todo.services.tasks.derived import column_values
from todo.services.transfer.report import Report

VALIDATED_AT_ONCE = 50
"""Rows validated before other requests run: a long recurrence rule takes a millisecond."""
ROW_PROBLEMS_MAX = 10
"""Problems of one row in a report."""
TAG_COLUMNS = ("name", "color")
PROJECT_COLUMNS = ("name", "color", "archived", "created_at")
SECTION_COLUMNS = ("name", "created_at")
TASK_COLUMNS = (
    *(
        name
        for name in CREATED_COLUMNS
        if name not in {"project_id", "section_id", "parent_id", "archived", "external_id"}
    ),
    "created_at",
    "completed_at",
    "recurrence_start",
)
OCCURRENCES = "occurrences"


class Row(NamedTuple):
    """A valid row.

    Attributes:
        place: its index in the list.
        id: its id in the document.
        key: its external id, or the one that it gets.
        has_key: whether the document has the external id.
        position: the key by which rows are ordered.
        project_id: the id of its project in the document, or None.
        section_id: the id of its section in the document, or None.
        parent_id: the id of its parent in the document, or None.
        tags: the ids or names of its tags in the document.
        values: the values of the columns of its list.
    """

    place: int
    id: int
    key: str
    has_key: bool
    position: str
    project_id: int | None
    section_id: int | None
    parent_id: int | None
    tags: tuple[int | str, ...]
    values: tuple[object, ...]


class Occurrence(NamedTuple):
    """A valid occurrence: the id of its task in the document, and the values of RECORD_COLUMNS."""

    task_id: int
    values: tuple[object, ...]


class Source(NamedTuple):
    """The epoch of a document, and the time of its import.

    Attributes:
        epoch: the epoch of the document.
        now: the `created_at` of rows without one.
    """

    epoch: UUID
    now: datetime


class RowShape(NamedTuple):
    """How the rows of a list are read.

    Attributes:
        name: the name of the list.
        model: the schema of a row.
        columns: the columns whose values are kept.
        values: returns the values of columns for the fields of a row.
    """

    name: str
    model: type[RequestModel]
    columns: Sequence[str]
    values: Callable[[dict[str, Any]], dict[str, Any]] = dict


TAGS = RowShape("tags", ImportedTag, TAG_COLUMNS)
PROJECTS = RowShape("projects", ImportedProject, PROJECT_COLUMNS)
SECTIONS = RowShape("sections", ImportedSection, SECTION_COLUMNS)
TASKS = RowShape("tasks", ImportedTask, TASK_COLUMNS, column_values)


async def read_rows(rows: JsonRows, shape: RowShape, source: Source, report: Report) -> list[Row]:
    """Return the valid rows of a list in their order, and report the others."""
    valid: list[Row] = []
    ids: set[int] = set()
    keys: set[str] = set()
    for index, item in enumerate(rows):
        row = _read_row(item, shape, index, source, report)
        if row is not None and row.id in ids:
            report.fail(shape.name, index, DuplicateRowError, "id")
        elif row is not None and row.key in keys:
            report.fail(shape.name, index, DuplicateRowError, "external_id")
        elif row is not None:
            ids.add(row.id)
            keys.add(row.key)
            valid.append(row)
        if (index + 1) % VALIDATED_AT_ONCE == 0:
            await asyncio.sleep(0)
    return valid


async def read_occurrences(rows: JsonRows, report: Report) -> list[Occurrence]:
    """Return the valid occurrences in their order, and report the others."""
    valid: list[Occurrence] = []
    keys: set[tuple[int, int]] = set()
    for place, item in enumerate(rows):
        fields = _validate(item, OCCURRENCES, ImportedOccurrence, place, report)
        if fields is not None and (key := (fields["task_id"], fields["number"])) in keys:
            report.fail(OCCURRENCES, place, DuplicateRowError, "number")
        elif fields is not None:
            keys.add(key)
            valid.append(Occurrence(fields["task_id"], tuple(fields[name] for name in RECORD_COLUMNS)))
        if (place + 1) % VALIDATED_AT_ONCE == 0:
            await asyncio.sleep(0)
    return valid


def _validate(item: object, name: str, model: type[RequestModel], place: int, report: Report) -> dict[str, Any] | None:
    """Return the fields of a row, or report its problems."""
    try:
        return model.model_validate(item).model_dump()
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:ROW_PROBLEMS_MAX] if report.has_room else []
        problems = [problem_of(problem, field_name(problem["loc"])) for problem in found]
        report.fail_with(name, place, sorted(problems, key=lambda problem: -problem.status))
        return None


def _read_row(item: object, shape: RowShape, place: int, source: Source, report: Report) -> Row | None:
    fields = _validate(item, shape.name, shape.model, place, report)
    if fields is None:
        return None
    values = shape.values(fields)
    if fields.get("created_at") is None:
        values["created_at"] = source.now
    key = fields.get("external_id")
    return Row(
        place=place,
        id=fields["id"],
        key=f"{source.epoch}:{fields['id']}" if key is None else key,
        has_key=key is not None,
        position=fields.get("position", ""),
        project_id=fields.get("project_id"),
        section_id=fields.get("section_id"),
        parent_id=fields.get("parent_id"),
        tags=tuple(fields.get("tags", ())),
        values=tuple(values[name] for name in shape.columns),
    )


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Return rows in the order of their positions."""
    return sorted(rows, key=lambda row: (row.position, row.id))


def arrays_of(rows: Collection[Row], columns: Sequence[str]) -> dict[str, list[Any]]:
    """Return the parameters of a statement: an array for each column, and the external ids."""
    arrays: dict[str, list[Any]] = {name: [row.values[i] for row in rows] for i, name in enumerate(columns)}
    return {**arrays, "external_id": [row.key for row in rows]}

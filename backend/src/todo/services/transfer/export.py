"""The export: all data of one user as one JSON document, read and sent in pieces."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pydantic_core import to_json

from todo.core.database.session import Session
from todo.domain.identifiers import BIGINT_MAX
from todo.schemas.changes.trash import TrashEntry
from todo.schemas.projects.project import ProjectPublic
from todo.schemas.projects.section import SectionPublic
from todo.schemas.saved_filter import FilterPublic
from todo.schemas.tag import TagPublic
from todo.schemas.tasks.occurrence import OccurrenceExported, OccurrencePublic
from todo.schemas.tasks.task import TaskPublic
from todo.schemas.transfer.document import FORMAT, VERSION
from todo.services.accounts import service as account_service
from todo.services.authentication import InvalidTokenError
from todo.services.filters import service as filter_service
from todo.services.occurrences import service as occurrence_service
from todo.services.projects import service as project_service
from todo.services.sections import service as section_service
from todo.services.sync.statements import SELECT_CLOCK
from todo.services.tags import service as tag_service
from todo.services.tasks import service as task_service
from todo.services.trash import service as trash_service

TASKS_PER_PIECE = 500
"""Tasks, or occurrences of tasks."""
SECTIONS = {
    "tags": TagPublic,
    "projects": ProjectPublic,
    "sections": SectionPublic,
    "filters": FilterPublic,
    "trash": TrashEntry,
    "tasks": TaskPublic,
    "occurrences": OccurrencePublic,
}
"""The lists of the document, each with the shape of its items. Entries of the trash also have `fields`, and
occurrences their task and their place in its series."""


async def export_user(session: Session, user_id: UUID, now: datetime, retention: timedelta) -> AsyncIterator[bytes]:
    """Return the document `{format, version, epoch, …}` with the user and the lists of SECTIONS, in pieces (ACC-007).

    Items have the shape of the API. Tasks are in the order of their ids. Occurrences are in the order of their tasks,
    also those of tasks in the trash. A connection is used for one piece at a time, so a slow client blocks no other
    request. Changes during the export may be missing.

    Args:
        session: runs the statements.
        user_id: the user.
        now: the instant of the export.
        retention: how long deleted resources are kept in the trash.

    Raises:
        InvalidTokenError: the user was deleted; raised before the first piece.
    """
    user = await account_service.get_user(session, user_id, now)
    epoch = await read_epoch(session, user_id)
    tags = await tag_service.list_tags(session, user_id)
    head = {
        "format": FORMAT,
        "version": VERSION,
        "epoch": epoch,
        "exported_at": now,
        "user": user,
        "tags": tags,
        "projects": await project_service.list_projects(session, user_id, "all"),
        "sections": await section_service.list_sections_after(session, user_id, 0, BIGINT_MAX),
        "filters": await filter_service.list_filters(session, user_id),
    }
    long_lists: dict[str, AsyncIterator[Sequence[object]]] = {
        "trash": trash_service.export_trash(session, user_id, retention),
        "tasks": _tasks(session, user_id),
        "occurrences": _occurrences(session, user_id),
    }
    return _pieces(to_json(head), long_lists)


async def read_epoch(session: Session, user_id: UUID) -> UUID:
    """Return the epoch of the database. With it, an id names a row of any database.

    Raises:
        InvalidTokenError: the user was deleted.
    """
    clock = await session.fetch_one(SELECT_CLOCK, user_id=user_id)
    if clock is None:
        raise InvalidTokenError
    epoch: UUID = clock["epoch"]
    return epoch


async def _pieces(head: bytes, long_lists: Mapping[str, AsyncIterator[Sequence[object]]]) -> AsyncIterator[bytes]:
    yield head.removesuffix(b"}")
    for name, batches in long_lists.items():
        yield f',"{name}":['.encode()
        separator = b""
        async for batch in batches:
            yield separator + b",".join(map(to_json, batch))
            separator = b","
        yield b"]"
    yield b"}"


async def _tasks(session: Session, user_id: UUID) -> AsyncIterator[list[TaskPublic]]:
    last_id = 0
    while tasks := await task_service.list_tasks_after(session, user_id, last_id, TASKS_PER_PIECE):
        yield tasks
        last_id = tasks[-1]["id"]


async def _occurrences(session: Session, user_id: UUID) -> AsyncIterator[list[OccurrenceExported]]:
    position = (0, 0)
    while records := await occurrence_service.list_occurrences_after(session, user_id, position, TASKS_PER_PIECE):
        yield records
        position = (records[-1]["task_id"], records[-1]["number"])

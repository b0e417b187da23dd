"""Sections: create, read, list and change them. `services.placement` deletes and moves them."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from todo.core.database.session import Row, Session
from todo.schemas.projects.section import SectionCreate, SectionPublic, SectionUpdate
from todo.services.projects.service import get_project
from todo.services.sections import statements
from todo.services.sections.errors import SectionNotFoundError, TooManySectionsError
from todo.services.shared.log.row_updates import RowUpdate, update_row
from todo.services.shared.log.writer import Writer
from todo.services.shared.positions import public_position
from todo.services.shared.versions import EntityTags


async def create_section(
    writer: Writer, project_id: int, section: SectionCreate, *, max_sections: int
) -> tuple[SectionPublic, bool]:
    """Create a section, after the others of its project; return it and whether it is new (PRJ-030).

    If the user has a section with this `external_id`, that section is returned unchanged.

    Raises:
        ProjectNotFoundError: the project does not exist, or belongs to another user.
        TooManySectionsError: the project has `max_sections` sections.
    """
    row = await writer.write_one(
        statements.INSERT_SECTION, project_id=project_id, max_sections=max_sections, **section.model_dump()
    )
    if row is not None:
        return read_row(row), True
    row = await writer.session.fetch_one(
        statements.SELECT_BY_EXTERNAL_ID, user_id=writer.user_id, external_id=section.external_id
    )
    if row is None:
        raise TooManySectionsError
    return read_row(row), False


async def list_sections(session: Session, user_id: UUID, project_id: int) -> list[SectionPublic]:
    """Return the sections of a project in their order.

    Raises:
        ProjectNotFoundError: the project does not exist, or belongs to another user.
    """
    rows = await session.fetch_all(statements.SELECT_SECTIONS, user_id=user_id, project_id=project_id)
    if not rows:
        await get_project(session, user_id, project_id)
    return [read_row(row) for row in rows]


async def get_section(session: Session, user_id: UUID, section_id: int) -> SectionPublic:
    """Return a section.

    Raises:
        SectionNotFoundError: the section does not exist, or belongs to another user.
    """
    row = await session.fetch_one(statements.SELECT_SECTION, user_id=user_id, id=section_id)
    if row is None:
        raise SectionNotFoundError
    return read_row(row)


async def list_sections_after(session: Session, user_id: UUID, section_id: int, limit: int) -> list[SectionPublic]:
    """Return the user's next sections in the order of their ids; with `section_id` 0 the first ones."""
    rows = await session.fetch_all(statements.SELECT_SECTIONS_AFTER, user_id=user_id, id=section_id, limit=limit)
    return [read_row(row) for row in rows]


async def list_sections_by_ids(session: Session, user_id: UUID, ids: Sequence[int]) -> list[SectionPublic]:
    """Return the user's sections among these ids, in any order."""
    rows = await session.fetch_all(statements.SELECT_SECTIONS_BY_IDS, user_id=user_id, ids=ids)
    return [read_row(row) for row in rows]


async def update_section(
    writer: Writer,
    section_id: int,
    changes: SectionUpdate,
    entity_tags: EntityTags | None = None,
    base: int | None = None,
) -> SectionPublic:
    """Write the fields that `changes` has.

    Raises:
        SectionNotFoundError: the section does not exist, or belongs to another user.
        PreconditionFailedError: the section has none of the entity tags.
        FieldConflictError: a field was changed after `base`.
    """

    async def read() -> SectionPublic:
        return await get_section(writer.session, writer.user_id, section_id)

    request = RowUpdate(statements.SECTION, section_id, changes.model_dump(), entity_tags, base)
    return await update_row(writer, request, statements.update_section, read, read_row)


def read_row(row: Row) -> SectionPublic:
    """Return the section of a row; the row may have further columns."""
    fields = dict(row)
    return cast("SectionPublic", fields | {"position": public_position(fields)})

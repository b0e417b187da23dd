"""The import of a document."""

from typing import Annotated

from fastapi import Query

from todo.domain.transfer import DuplicateRowError, TooManyRowsError
from todo.http.dependencies.resources import Resources
from todo.http.dependencies.writer import CurrentWriter
from todo.http.openapi import errors
from todo.http.resource_route import LongBodyRoute, make_router
from todo.schemas.transfer.document import ImportDocument, ImportQuery
from todo.schemas.transfer.report import ImportReport
from todo.services.projects.errors import ProjectNotFoundError, TooManyProjectsError
from todo.services.sections.errors import SectionNotFoundError, TooManySectionsError
from todo.services.tags.errors import TagNotFoundError, TooManyTagsError
from todo.services.tasks.errors import TooManyTagsOnTaskError
from todo.services.transfer import imports as import_service

PATH = "/import"
router = make_router(PATH, "account", route_class=LongBodyRoute)


@router.post(
    "",
    responses=errors(
        *(DuplicateRowError, TooManyRowsError, TooManyTagsError, TooManyTagsOnTaskError, TooManyProjectsError),
        *(TooManySectionsError, ProjectNotFoundError, SectionNotFoundError, TagNotFoundError),
    ),
)
async def import_document(
    document: ImportDocument, query: Annotated[ImportQuery, Query()], writer: CurrentWriter, resources: Resources
) -> ImportReport:
    """Import a document of `GET /auth/me/export`, into this account or another one.

    Rows that exist stay as they are, so a second import changes nothing. All new rows are one change, which one undo
    takes back. If a row is invalid, nothing is written, and the response lists the problems with their places
    (`tasks.17.title`). With `atomic` false valid rows are written. A dry run writes nothing and reports all of this.
    The account itself, saved filters and the trash are not imported. A body has at most 32 MiB, unless the operator
    sets another limit.
    """
    return await import_service.import_document(writer, document, query, resources.settings, resources.user_writes)

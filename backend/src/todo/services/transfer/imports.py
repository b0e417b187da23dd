"""The import of a document that the export made (ADR 0066)."""

from collections.abc import Iterable

from todo.core.clock import utc_now
from todo.core.config import Settings
from todo.core.database.driver_errors import LockTimeoutError
from todo.core.errors import InvalidItemsError
from todo.core.limits.keyed_lock import KeyedLock
from todo.domain.transfer import ROW_BYTES, TooManyRowsError
from todo.schemas.transfer.document import ImportDocument, ImportQuery
from todo.schemas.transfer.report import ImportReport
from todo.services.shared.log.writer import Writer
from todo.services.transfer import rows
from todo.services.transfer.export import read_epoch
from todo.services.transfer.plan import Document, Plan, make_plan
from todo.services.transfer.report import Report
from todo.services.transfer.writes import write_plan

LISTS = ("tags", "projects", "sections", "tasks", "occurrences", "filters", "trash")


async def import_document(
    writer: Writer, document: ImportDocument, query: ImportQuery, settings: Settings, user_writes: KeyedLock
) -> ImportReport:
    """Write the rows of a document that do not exist yet, as one batch of the change log (IMP-001 to IMP-012).

    The rows are validated before the lock and the transaction begin. The plan is made while the user's change clock is
    locked, so no concurrent change comes between check and write.

    Raises:
        TooManyRowsError: the document has more rows than its size allows.
        InvalidItemsError: the import is atomic and has invalid rows; nothing was written.
        InsufficientScopeError: the personal access token may not write a type that has new rows.
        LockTimeoutError: other writes of the user took too long.
        InvalidTokenError: the user was deleted.
    """
    if sum(getattr(document, name).count for name in LISTS) > settings.max_import_bytes // ROW_BYTES:
        raise TooManyRowsError
    report = Report()
    valid = await _validate(document, report)
    async with user_writes.hold(writer.user_id, LockTimeoutError), writer.transaction():
        is_own = document.epoch == await read_epoch(writer.session, writer.user_id)
        plan = await make_plan(writer, valid, settings, report, is_own=is_own)
        for scope in _needed_scopes(plan):
            writer.principal.require_scope(scope)
        if not query.dry_run:
            if query.atomic and report.problems:
                raise InvalidItemsError(report.problems)
            await write_plan(writer, plan)
    return report.public(filters=document.filters.count, trash=document.trash.count, dry_run=query.dry_run)


async def _validate(document: ImportDocument, report: Report) -> Document:
    source = rows.Source(document.epoch, utc_now())
    return Document(
        tags=await rows.read_rows(document.tags, rows.TAGS, source, report),
        projects=await rows.read_rows(document.projects, rows.PROJECTS, source, report),
        sections=await rows.read_rows(document.sections, rows.SECTIONS, source, report),
        tasks=await rows.read_rows(document.tasks, rows.TASKS, source, report),
        occurrences=await rows.read_occurrences(document.occurrences, report),
    )


def _needed_scopes(plan: Plan) -> Iterable[str]:
    if plan.new_tags:
        yield "tags:write"
    if plan.new_projects or plan.new_sections:
        yield "projects:write"
    if plan.new_tasks:
        yield "tasks:write"

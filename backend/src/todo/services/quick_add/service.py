"""Quick add: read a line of text and create the task that it describes (ADR 0068)."""

import asyncio
from datetime import date, datetime
from typing import cast

from pydantic_core import to_jsonable_python

from todo.domain.account import WeekStart
from todo.domain.quick_add.due import Moment
from todo.domain.quick_add.languages import LANGUAGES
from todo.domain.quick_add.reading import Part, read_text
from todo.domain.quick_add.settling import Settled, settle
from todo.domain.task import TITLE
from todo.domain.text import normalize
from todo.schemas.tasks.quick_add import (
    QuickAdd,
    QuickAddPublic,
    QuickDraftPublic,
    QuickPart,
    QuickParts,
    QuickUnresolved,
    TaskDraft,
)
from todo.schemas.tasks.task import TaskCreate
from todo.services.accounts.time_zones import get_calendar
from todo.services.quick_add.names import Names, resolve_names
from todo.services.shared.log.writer import Writer
from todo.services.tags.references import TagLimits
from todo.services.tasks.service import create_task

WEEK_STARTS: dict[WeekStart, int] = {"monday": 0, "saturday": 5, "sunday": 6}
PROJECT, TAGS = "project_id", "tags"


async def quick_add(
    writer: Writer, request: QuickAdd, limits: TagLimits, now: datetime
) -> QuickAddPublic | QuickDraftPublic:
    """Create the task of a text, or return it without writing anything (QCK-001 to QCK-040).

    A thread reads the text, so the event loop serves other requests.

    Raises:
        InvalidTitleError: nothing remains as the title, or more than a title can have.
        InvalidTokenError: the user was deleted.
        TooManyTagsOnTaskError, TooManyTagsError: as for `resolve_names`.
        ProjectNotFoundError: the project was deleted at the same time.
    """
    zone, week_start = await get_calendar(writer.session, writer.user_id)
    moment = Moment(now, zone, WEEK_STARTS[week_start])
    languages = [LANGUAGES[request.language]] if request.language else [*LANGUAGES.values()]
    reading = await asyncio.to_thread(read_text, request.text, moment, languages)
    names = await resolve_names(writer, reading, limits)
    settled = await asyncio.to_thread(settle, reading, names.understood, moment, languages)
    draft = _make_draft(settled, names)
    parts = QuickParts(
        understood=[_public_part(_with_id(part, names)) for part in settled.parts],
        unresolved=[QuickUnresolved(**_public_part(part), code=code) for part, code in names.unresolved],
    )
    if request.dry_run:
        return QuickDraftPublic(task=draft, **parts)
    task, _ = await create_task(writer, TaskCreate.model_validate(_body(draft)), limits)
    return QuickAddPublic(task=task, **parts)


def _make_draft(settled: Settled, names: Names) -> TaskDraft:
    """Return the task of a text.

    Raises:
        InvalidTitleError: nothing remains as the title, or more than a title can have.
    """
    draft = TaskDraft(
        title=TITLE.check(normalize(settled.title)),
        priority="medium",
        due_date=None,
        due_day=None,
        due_time_zone=None,
        deadline_day=None,
        estimated_minutes=None,
        recurrence_rule=None,
        recurrence_basis="due",
        project_id=names.project_id if any(part.field == PROJECT for part in settled.parts) else None,
        tags=[*dict.fromkeys(str(part.value) for part in settled.parts if part.field == TAGS)],
    )
    return cast("TaskDraft", {**draft, **settled.fields})


def _with_id(part: Part, names: Names) -> Part:
    """Return the part with the id of its project in place of the name."""
    if part.field != PROJECT or names.project_id is None:
        return part
    return part._replace(value=names.project_id)


def _public_part(part: Part) -> QuickPart:
    return QuickPart(field=part.field, value=to_jsonable_python(part.value), start=part.start, end=part.end)


def _body(draft: TaskDraft) -> dict[str, object]:
    """Return the body of `POST /tasks` for a draft."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in draft.items()}

"""Quick add: read a line of text and create the task that it describes (ADR 0068)."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime
from typing import ParamSpec, TypeVar, cast

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
from todo.services.tasks.creation import create_task

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
WEEK_STARTS: dict[WeekStart, int] = {"monday": 0, "saturday": 5, "sunday": 6}
PROJECT, TAGS = "project_id", "tags"
SHORT_TEXT_MAX = 100
"""Characters of a text that the event loop reads itself, in at most 7 ms. A thread costs 0.25 ms more."""


async def quick_add(
    writer: Writer, request: QuickAdd, limits: TagLimits, now: datetime
) -> QuickAddPublic | QuickDraftPublic:
    """Create the task of a text, or return it without writing anything (QCK-001 to QCK-040).

    Raises:
        InvalidTitleError: nothing remains as the title, or more than a title can have.
        InvalidTokenError: the user was deleted.
        TooManyTagsOnTaskError, TooManyTagsError: as for `resolve_names`.
        ProjectNotFoundError: the project was deleted at the same time.
    """
    zone, week_start = await get_calendar(writer.session, writer.user_id)
    moment = Moment(now, zone, WEEK_STARTS[week_start])
    languages = [LANGUAGES[request.language]] if request.language else [*LANGUAGES.values()]
    run = _call if len(request.text) <= SHORT_TEXT_MAX else asyncio.to_thread
    reading = await run(read_text, request.text, moment, languages)
    names = await resolve_names(writer, reading, limits)
    settled = await run(settle, reading, names.understood, moment, languages)
    draft = _make_draft(settled, names)
    parts = QuickParts(
        understood=[_public_part(_with_id(part, names)) for part in settled.parts],
        unresolved=[QuickUnresolved(**_public_part(part), code=code) for part, code in names.unresolved],
    )
    if request.dry_run:
        return QuickDraftPublic(task=draft, **parts)
    task, _ = await create_task(writer, TaskCreate.model_validate(_body(draft)), limits)
    return QuickAddPublic(task=task, **parts)


async def _call(function: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs) -> Result:
    """Call a function in the event loop, as `asyncio.to_thread` calls it in a thread."""
    return function(*args, **options)


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

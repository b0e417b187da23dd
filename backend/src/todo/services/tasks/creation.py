"""New tasks, one by one."""

from todo.schemas.tasks.task import NewTask, TaskPublic
from todo.services.sections.containers import CONTAINER_FIELDS, read_containers
from todo.services.shared.log.writer import Writer
from todo.services.tags.references import TagLimits, reference_values
from todo.services.tasks import statements, write_statements
from todo.services.tasks.derived import new_columns, search_values
from todo.services.tasks.errors import ExternalIdTakenError
from todo.services.tasks.list_statements import read_row
from todo.services.tasks.service import get_task
from todo.services.tasks.tagging.written import resolve_tags_of_task, set_tags

CREATE_ATTEMPTS = 5
"""How often a create is tried while a task with its external id is created and deleted by others."""


async def create_task(writer: Writer, task: NewTask, limits: TagLimits) -> tuple[TaskPublic, bool]:
    """Create a task with its tags, without subtasks; return it and whether it is new (TSK-001, TGW-001).

    If the user has a task with this `external_id`, that task is returned unchanged, so a client can safely retry. If
    two requests run concurrently, the first creates the task (EXT-001, EXT-002).

    Raises:
        InvalidTokenError: the user was deleted.
        ProjectNotFoundError: the user has no such project.
        SectionNotFoundError: the user has no such section, or it is in another project.
        ParentNotFoundError, SubtaskFollowsParentError, SubtasksTooDeepError: as for `Containers.create`.
        ExternalIdTakenError: the task with this `external_id` is created and deleted again and again.
        TagNotFoundError, TooManyTagsOnTaskError, TooManyTagsError, InsufficientScopeError: as for
            `resolve_tags_of_task`.
    """
    if not task.tags and task.parent_id is None:
        return await _create_task(writer, task)
    has_tags_alone = task.parent_id is None and task.external_id is None
    if has_tags_alone and (created := await _create_with_known_tags(writer, task, limits)):
        return created, True
    async with writer.transaction():
        created, is_new = await _create_task(writer, task)
        if is_new and task.tags:
            await set_tags(writer, {created["id"]: await resolve_tags_of_task(writer, task.tags, limits)})
            created = await get_task(writer.session, writer.user_id, created["id"])
    return created, is_new


async def _create_with_known_tags(writer: Writer, task: NewTask, limits: TagLimits) -> TaskPublic | None:
    """Create a task with its tags in one statement; return None, and write nothing, if one of them does not exist."""
    references = {*task.tags}
    if len(references) > limits.max_tags_per_task:
        return None
    columns = new_columns(task)
    row = await writer.write_one(
        write_statements.insert_task(frozenset(columns), tagged=True),
        **columns,
        **search_values(vars(task)),
        **reference_values(references),
        tag_count=len(references),
    )
    return None if row is None else read_row(row)


async def _create_task(writer: Writer, task: NewTask) -> tuple[TaskPublic, bool]:
    place: dict[str, object] = {}
    if task.parent_id is not None:
        if task.external_id is not None and (known := await _find_by_external_id(writer, task.external_id)):
            return known, False
        named = {name: getattr(task, name) for name in CONTAINER_FIELDS}
        containers = await read_containers(writer.session, writer.user_id, [named], moves=False)
        place = {name: value for name, value in containers.create(named).items() if name in CONTAINER_FIELDS}
    columns = new_columns(task, place)
    insert = write_statements.insert_task(frozenset(columns), once=task.external_id is not None)
    values = columns | search_values(vars(task))
    if task.external_id is None:
        row = await writer.write_one(insert, **values)
        assert row is not None
        return read_row(row), True
    for _ in range(CREATE_ATTEMPTS):
        row = await writer.write_one(insert, **values)
        if row is not None:
            return read_row(row), True
        if (known := await _find_by_external_id(writer, task.external_id)) is not None:
            return known, False
    raise ExternalIdTakenError


async def _find_by_external_id(writer: Writer, external_id: str) -> TaskPublic | None:
    row = await writer.session.fetch_one(
        statements.SELECT_BY_EXTERNAL_ID, user_id=writer.user_id, external_id=external_id
    )
    return None if row is None else read_row(row)

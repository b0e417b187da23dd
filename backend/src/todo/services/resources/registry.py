"""All types of resources. A new type is an entry of RESOURCES, and its shape in `todo.schemas.changes.resources`."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from todo.core.database.session import Session
from todo.domain.scope import ACCOUNT_SCOPE
from todo.schemas.tag import TagWrite
from todo.services.accounts import service as account_service
from todo.services.filters import service as filter_service
from todo.services.filters import statements as filters
from todo.services.placement import deletion
from todo.services.projects import service as project_service
from todo.services.projects import statements as projects
from todo.services.resources.types import Found, LoggedResource, Resource, after, by_ids
from todo.services.sections import service as section_service
from todo.services.sections import statements as sections
from todo.services.shared.log.account_log import ACCOUNT
from todo.services.tags import restore as tag_restore
from todo.services.tags import service as tag_service
from todo.services.tags.statements import TAG, TAGS
from todo.services.tasks import restore as task_restore
from todo.services.tasks import service as task_service
from todo.services.tasks.statements import TASKS
from todo.services.tasks.write_statements import LOGGED_FIELDS, TASK


async def _read_account(session: Session, user_id: UUID, _ids: object, now: datetime) -> Found:
    account = await account_service.find_user(session, user_id, now)
    return {} if account is None else {None: account}


async def _read_account_after(session: Session, user_id: UUID, after_id: int, _limit: int, now: datetime) -> Found:
    return {} if after_id else await _read_account(session, user_id, (), now)


RESOURCES: tuple[Resource, ...] = (
    Resource(ACCOUNT, ACCOUNT_SCOPE, _read_account, _read_account_after),
    LoggedResource(
        TAG,
        "tags:read",
        by_ids(tag_service.list_tags_by_ids),
        after(tag_service.list_tags_after),
        write_scope="tags:write",
        table=TAGS,
        fields=[*TagWrite.model_fields],
        name="name",
        get=tag_service.get_tag,
        restore=tag_restore.restore_tags,
        revert=tag_restore.revert_tags,
        remove=tag_restore.remove_tags,
        reverts_all_fields=True,
    ),
    LoggedResource(
        projects.PROJECT,
        "projects:read",
        by_ids(project_service.list_projects_by_ids),
        after(project_service.list_projects_after),
        write_scope="projects:write",
        table=projects.PROJECTS,
        fields=projects.LOGGED_FIELDS,
        name="name",
        get=project_service.get_project,
        restore=projects.WRITES.restore_rows,
        revert=projects.WRITES.revert_rows,
        remove=deletion.remove_projects,
        reverts_all_fields=True,
    ),
    LoggedResource(
        sections.SECTION,
        "projects:read",
        by_ids(section_service.list_sections_by_ids),
        after(section_service.list_sections_after),
        write_scope="projects:write",
        table=sections.SECTIONS,
        fields=sections.LOGGED_FIELDS,
        name="name",
        get=section_service.get_section,
        restore=sections.RESTORES.restore_rows,
        revert=sections.RESTORES.revert_rows,
        remove=deletion.remove_sections,
        reverts_all_fields=True,
    ),
    LoggedResource(
        filters.FILTER,
        "tasks:read",
        by_ids(filter_service.list_filters_by_ids),
        after(filter_service.list_filters_after),
        write_scope="tasks:write",
        table=filters.FILTERS,
        fields=filters.LOGGED_FIELDS,
        name="name",
        get=filter_service.get_filter,
        restore=filters.WRITES.restore_rows,
        revert=filters.WRITES.revert_rows,
        remove=filters.WRITES.remove_rows,
        reverts_all_fields=True,
    ),
    LoggedResource(
        TASK,
        "tasks:read",
        by_ids(task_service.list_tasks_by_ids),
        after(task_service.list_tasks_after),
        write_scope="tasks:write",
        table=TASKS,
        fields=LOGGED_FIELDS,
        name="title",
        get=task_service.get_task,
        restore=task_restore.restore_tasks,
        revert=task_restore.revert_tasks,
        remove=task_restore.remove_tasks,
    ),
)
"""In the order of a full sync and of a restore. Tasks come last, because they refer to the other types."""
LOGGED: Mapping[str, LoggedResource] = {
    resource.type: resource for resource in RESOURCES if isinstance(resource, LoggedResource)
}
"""The types whose changes can be undone, by name."""

"""The filters of a list of tasks, and the values of their parameters."""

from todo.domain.identifiers import read_id
from todo.domain.text import fold
from todo.schemas.tasks.query import TaskQuery
from todo.services.tasks.date_filters import has_due_range
from todo.services.tasks.list_statements import TaskFilter
from todo.services.tasks.listing.keys import PRIORITY_RANKS

NONE = "none"
"""The filter for tasks without a project, a section or a parent."""


def filter_of(query: TaskQuery) -> TaskFilter:
    """Return the filters of a query, except those of its expression."""
    return TaskFilter(
        searches=query.q != "",
        status=query.status,
        has_priority=query.priority is not None,
        has_tag=query.tag != "",
        has_external_id=query.external_id is not None,
        has_due_range=has_due_range(query),
        is_pending=query.due == "overdue",
        lacks_due=query.due == "none",
        is_started=query.started,
        has_completed_at=query.completed_from is not None or query.completed_until is not None,
        has_updated_at=query.updated_since is not None,
        has_project=query.project not in ("", NONE),
        lacks_project=query.project == NONE,
        has_section=query.section not in ("", NONE),
        lacks_section=query.section == NONE,
        has_parent=query.parent not in ("", NONE),
        lacks_parent=query.parent == NONE,
        is_archived=query.archived == "true",
        shows_archived=query.archived == "all",
        shows_counts=query.include == "subtask_counts",
    )


def filter_values(query: TaskQuery, filters: TaskFilter) -> dict[str, object]:
    """Return the parameters of filters, except those by dates."""
    values: dict[str, object] = {}
    if filters.searches:
        values["text"] = fold(query.q)
    if query.priority is not None:
        values["priority_rank"] = PRIORITY_RANKS[query.priority]
    if filters.has_tag:
        values |= {"tag_name": query.tag, "tag_id": read_id(query.tag)}
    if filters.has_external_id:
        values["external_id"] = query.external_id
    if filters.has_project:
        values |= {"project_name": query.project, "project_id": read_id(query.project)}
    if filters.has_section:
        values |= {"section_name": query.section, "section_id": read_id(query.section)}
    if filters.has_parent:
        values["parent_id"] = read_id(query.parent)
    return values

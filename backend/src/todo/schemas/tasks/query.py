"""The query of a list of tasks."""

from typing import Annotated

from pydantic import Field

from todo.domain.dates.due import DueFilter
from todo.domain.dates.ranges import Bound
from todo.domain.filters.values import ParsedFilter
from todo.domain.identifiers import ExternalId
from todo.domain.projects.project import ArchivedFilter, Children
from todo.domain.task import Include, Priority, SearchText, StatusFilter, TaskSort
from todo.domain.text import Text
from todo.schemas.page import PageQuery
from todo.schemas.request import RequestModel


class TaskQuery(PageQuery):
    """Which tasks to list, in which order, and which page. Filters combine with AND."""

    q: Annotated[
        SearchText, Field(description="Text in the title or the description, in any case. Wildcards have no meaning.")
    ] = ""
    filter: Annotated[
        ParsedFilter | None,
        Field(
            description="An expression such as `(overdue | today) & @home & !p3`. The page of tasks in the "
            "documentation explains the language."
        ),
    ] = None
    status: Annotated[StatusFilter, Field(description="Whether the task is completed. Default: all.")] = "all"
    priority: Annotated[Priority | None, Field(description="The priority of the task.")] = None
    tag: Annotated[Text, Field(description="The id or the name of a tag. Digits match either.")] = ""
    project: Annotated[
        Text,
        Field(description="The id or the name of a project. Digits match either. `none`: the inbox."),
    ] = ""
    section: Annotated[
        Text,
        Field(description="The id or the name of a section. Digits match either. `none`: tasks without a section."),
    ] = ""
    parent: Annotated[
        Text, Field(description="The id of a task: its direct subtasks. `none`: tasks that are no subtasks.")
    ] = ""
    archived: Annotated[
        ArchivedFilter,
        Field(description="`false`: no tasks of archived projects. `true`: these alone. `all`: both. Default: false."),
    ] = "false"
    external_id: Annotated[ExternalId | None, Field(description="The key that you gave the task.")] = None
    due: Annotated[
        DueFilter | None,
        Field(
            description="When the task is due, in the time zone of the account. `overdue`: pending, and due before "
            "now, or on a day before today. `next_7_days`: today and the six days after. `none`: not due at all."
        ),
    ] = None
    due_from: Annotated[
        Bound | None,
        Field(
            description="Due at this instant or later, or on this day or later. Tasks that are not due are left out."
        ),
    ] = None
    due_until: Annotated[
        Bound | None,
        Field(description="Due at this instant or before, or by the end of this day."),
    ] = None
    started: Annotated[
        bool, Field(description="If true, tasks whose `start_day` is after today are left out. Default: false.")
    ] = False
    completed_from: Annotated[
        Bound | None, Field(description="Completed at this instant or later, or on this day or later.")
    ] = None
    completed_until: Annotated[
        Bound | None, Field(description="Completed at this instant or before, or by the end of this day.")
    ] = None
    updated_since: Annotated[
        Bound | None, Field(description="Changed at this instant or later, or on this day or later.")
    ] = None
    include: Annotated[
        Include | None,
        Field(description="`subtask_counts`: return each task with the numbers of its direct subtasks."),
    ] = None
    sort: Annotated[
        TaskSort | None,
        Field(
            description="`-` before the field sorts descending. The order of priority is high, medium, low. `due_date` "
            "also sorts tasks with a `due_day`, which counts as its last moment in UTC. Tasks without a value come "
            "last, or first when descending. Titles ignore case and accents. Default: newest first."
        ),
    ] = None


class TaskDeletionQuery(RequestModel):
    """Whether the subtasks of a deleted task are deleted or kept."""

    children: Annotated[
        Children,
        Field(
            description="`delete`: its subtasks at all levels are deleted with it. `keep`: its direct subtasks move up "
            "to its parent, or have no parent. Default: delete."
        ),
    ] = "delete"

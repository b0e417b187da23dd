"""The query of a list of tasks."""

from typing import Annotated

from pydantic import Field

from todo.domain.identifiers import ExternalId
from todo.domain.task import Priority, SearchText, StatusFilter, TaskSort
from todo.domain.text import Text
from todo.schemas.page import PageQuery


class TaskQuery(PageQuery):
    """Which tasks to list, in which order, and which page. Filters combine with AND."""

    q: Annotated[
        SearchText, Field(description="Text in the title or the description, in any case. Wildcards have no meaning.")
    ] = ""
    status: Annotated[StatusFilter, Field(description="Whether the task is completed. Default: all.")] = "all"
    priority: Annotated[Priority | None, Field(description="The priority of the task.")] = None
    tag: Annotated[Text, Field(description="The id or the name of a tag. Digits match either.")] = ""
    external_id: Annotated[ExternalId | None, Field(description="The key that you gave the task.")] = None
    sort: Annotated[
        TaskSort | None,
        Field(
            description="`-` before the field sorts descending. The order of priority is high, medium, low. Tasks "
            "without a due date come last, or first when descending. Titles ignore case and accents. Default: newest "
            "first."
        ),
    ] = None

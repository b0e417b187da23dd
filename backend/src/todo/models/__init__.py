"""The tables, all registered on one metadata."""

from todo.models.base import Base
from todo.models.tag import Tag
from todo.models.task import Task
from todo.models.task_tag_link import TaskTagLink
from todo.models.user import User

__all__ = ["Base", "Tag", "Task", "TaskTagLink", "User"]

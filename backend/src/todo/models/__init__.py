"""The tables. This package imports all of them, so that `Base.metadata` is complete."""

from todo.models.access_token import AccessToken
from todo.models.base import Base
from todo.models.idempotency_key import IdempotencyKey
from todo.models.invitation import Invitation
from todo.models.login_session import LoginSession
from todo.models.recovery_code import RecoveryCode
from todo.models.tag import Tag
from todo.models.task import Task
from todo.models.task_search import TaskSearch
from todo.models.task_tag_link import TaskTagLink
from todo.models.totp_factor import TotpFactor
from todo.models.user import User

__all__ = [
    "AccessToken",
    "Base",
    "IdempotencyKey",
    "Invitation",
    "LoginSession",
    "RecoveryCode",
    "Tag",
    "Task",
    "TaskSearch",
    "TaskTagLink",
    "TotpFactor",
    "User",
]

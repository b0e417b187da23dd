"""The tables. This package imports all of them, so that `Base.metadata` is complete."""

from todo.models.accounts.access_token import AccessToken
from todo.models.accounts.invitation import Invitation
from todo.models.accounts.login_session import LoginSession
from todo.models.accounts.password_reset import PasswordReset, PasswordResetRequest
from todo.models.accounts.queued_mail import QueuedMail
from todo.models.accounts.recovery_code import RecoveryCode
from todo.models.accounts.totp_factor import TotpFactor
from todo.models.accounts.user import User
from todo.models.base import Base
from todo.models.changes.change import Change
from todo.models.changes.change_clock import ChangeClock
from todo.models.changes.deployment import Deployment
from todo.models.idempotency_key import IdempotencyKey
from todo.models.projects.project import Project
from todo.models.projects.section import Section
from todo.models.saved_filter import SavedFilter
from todo.models.tag import Tag
from todo.models.task import Task
from todo.models.task_occurrence import TaskOccurrence
from todo.models.task_search import TaskSearch
from todo.models.task_tag_link import TaskTagLink

__all__ = [
    "AccessToken",
    "Base",
    "Change",
    "ChangeClock",
    "Deployment",
    "IdempotencyKey",
    "Invitation",
    "LoginSession",
    "PasswordReset",
    "PasswordResetRequest",
    "Project",
    "QueuedMail",
    "RecoveryCode",
    "SavedFilter",
    "Section",
    "Tag",
    "Task",
    "TaskOccurrence",
    "TaskSearch",
    "TaskTagLink",
    "TotpFactor",
    "User",
]

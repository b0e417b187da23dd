"""Locks in the database."""

from sqlalchemy import Uuid, bindparam, select

from todo.core.database.statement import Statement
from todo.models import User
from todo.services.shared.tables import table_of

USERS = table_of(User)
LOCK_USER = Statement(
    select(USERS.c.id, USERS.c.password_hash, USERS.c.totp_enabled, USERS.c.disabled_at)
    .where(USERS.c.id == bindparam("user_id", type_=Uuid))
    .with_for_update(key_share=True)
)
"""Locks a user until the end of the transaction, so that a count in a later statement stays true.

A count in the same statement would be older than the wait for the lock. The lock does not block writes of tasks and
tags, because the key that foreign keys refer to stays unlocked.
"""

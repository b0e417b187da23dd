"""Locks in the database."""

from sqlalchemy import Uuid, bindparam, select

from todo.core.database.statement import Statement
from todo.models import ChangeClock, User
from todo.services.shared.tables import table_of

USERS, CLOCKS = table_of(User), table_of(ChangeClock)
USER_ID = bindparam("user_id", type_=Uuid)
LOCK_USER = Statement(
    select(USERS.c.id, USERS.c.password_hash, USERS.c.totp_enabled, USERS.c.disabled_at)
    .where(USERS.c.id == USER_ID)
    .with_for_update(key_share=True)
)
"""Locks a user until the end of the transaction, so that a count in a later statement stays true.

A count in the same statement would be older than the wait for the lock. The lock does not block writes of tasks and
tags, because the key that foreign keys refer to stays unlocked.
"""
LOCK_EXISTING_CLOCK = Statement(select(CLOCKS.c.seq).where(CLOCKS.c.user_id == USER_ID).with_for_update())
"""Locks the user's change clock until the end of the transaction, if there is one.

Every write of the user locks the clock first, so a deletion of the user does that too and cannot deadlock. On Citus one
statement cannot lock the clock and delete the user.
"""

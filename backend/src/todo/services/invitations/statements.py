"""Statements on invitations."""

from sqlalchemy import DateTime, bindparam, delete, insert, select

from todo.core.database.statement import Statement
from todo.models import Invitation
from todo.services.shared.batches import in_batch
from todo.services.shared.tables import binds_of, table_of

SWEEP_BATCH = 1000

INVITATIONS = table_of(Invitation)
PARAMETERS = binds_of(INVITATIONS, ("code_hash", "created_at", "expires_at"))
NOW = bindparam("now", type_=DateTime(timezone=True))

INSERT_INVITATION = Statement(insert(INVITATIONS).values(PARAMETERS))
DELETE_INVITATION = Statement(
    delete(INVITATIONS)
    .where(INVITATIONS.c.code_hash == PARAMETERS["code_hash"], INVITATIONS.c.expires_at > NOW)
    .returning(INVITATIONS.c.code_hash)
)
_expired = (
    select(INVITATIONS.c.code_hash)
    .where(INVITATIONS.c.expires_at <= NOW)
    .order_by(INVITATIONS.c.expires_at)
    .limit(SWEEP_BATCH)
)
SWEEP = Statement(delete(INVITATIONS).where(in_batch(INVITATIONS, _expired)).returning(INVITATIONS.c.code_hash))

"""Statements on the change log, for sync."""

from sqlalchemy import ARRAY, BigInteger, Text, Uuid, any_, bindparam, func, literal_column, select, true

from todo.core.database.statement import Statement
from todo.models import Change, ChangeClock, Deployment, User
from todo.services.shared.tables import table_of

CHANGES, CLOCKS, DEPLOYMENT, USERS = (table_of(model) for model in (Change, ChangeClock, Deployment, User))
USER_ID = bindparam("user_id", type_=Uuid)

ZERO = literal_column("0", BigInteger)
SELECT_CLOCK = Statement(
    select(
        DEPLOYMENT.c.epoch,
        func.coalesce(CLOCKS.c.seq, ZERO).label("seq"),
        func.coalesce(CLOCKS.c.swept_seq, ZERO).label("swept_seq"),
    )
    .select_from(USERS.join(DEPLOYMENT, true()).outerjoin(CLOCKS, CLOCKS.c.user_id == USER_ID))
    .where(USERS.c.id == USER_ID)
)
"""Returns the epoch, the number of the user's last change, and the greatest number whose row was swept."""
SELECT_CHANGES = Statement(
    select(CHANGES.c.seq, CHANGES.c.batch, CHANGES.c.type, CHANGES.c.id)
    .where(
        CHANGES.c.user_id == USER_ID,
        CHANGES.c.seq > bindparam("seq", type_=BigInteger),
        CHANGES.c.type == any_(bindparam("types", type_=ARRAY(Text))),
    )
    .order_by(CHANGES.c.seq)
    .limit(bindparam("limit", type_=BigInteger))
)

"""Statements on the mail queue."""

from sqlalchemy import DateTime, Integer, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from todo.core.database.statement import Statement
from todo.models import QueuedMail
from todo.models.accounts.queued_mail import OWNER_EXISTS
from todo.services.authentication import InvalidTokenError
from todo.services.shared.batches import in_batch
from todo.services.shared.tables import binds_of, table_of

SWEEP_BATCH = 1000

QUEUE = table_of(QueuedMail)
PARAMETERS = binds_of(QUEUE, ("user_id", "kind", "recipient"))
NOW = bindparam("now", type_=DateTime(timezone=True))
NEXT_ATTEMPT_AT = bindparam("next_attempt_at", type_=DateTime(timezone=True))
KEY = (QUEUE.c.user_id, QUEUE.c.kind, QUEUE.c.recipient)
IS_CLAIMED_MAIL = (
    *(QUEUE.c[name] == parameter for name, parameter in PARAMETERS.items()),
    QUEUE.c.attempts == bindparam("attempts", type_=Integer),
)
"""Matches the mail until it is claimed or queued again."""

QUEUE_MAIL = Statement(
    insert(QUEUE)
    .values(**PARAMETERS, created_at=NOW, next_attempt_at=NOW)
    .on_conflict_do_update(
        index_elements=["user_id", "kind", "recipient"],
        set_={"attempts": 0, "created_at": NOW, "next_attempt_at": NOW},
    ),
    violations={OWNER_EXISTS: InvalidTokenError},
)
_due = select(*KEY).where(QUEUE.c.next_attempt_at <= NOW).order_by(QUEUE.c.next_attempt_at).limit(1)
CLAIM_MAIL = Statement(
    update(QUEUE)
    .where(in_batch(QUEUE, _due))
    .values(attempts=QUEUE.c.attempts + 1, next_attempt_at=NEXT_ATTEMPT_AT)
    .returning(*KEY, QUEUE.c.attempts, QUEUE.c.created_at)
)
DELAY_MAIL = Statement(update(QUEUE).where(*IS_CLAIMED_MAIL).values(next_attempt_at=NEXT_ATTEMPT_AT))
DELETE_MAIL = Statement(delete(QUEUE).where(*IS_CLAIMED_MAIL))
COUNT_MAILS = Statement(select(func.count()).select_from(QUEUE))
_abandoned = select(*KEY).where(QUEUE.c.next_attempt_at < NOW).order_by(QUEUE.c.next_attempt_at).limit(SWEEP_BATCH)
SWEEP = Statement(delete(QUEUE).where(in_batch(QUEUE, _abandoned)).returning(QUEUE.c.user_id))

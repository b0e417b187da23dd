"""Statements on idempotency keys."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, literal_column, not_, select, update
from sqlalchemy.dialects.postgresql import insert

from todo.core.database.statement import Statement
from todo.models import IdempotencyKey
from todo.models.idempotency_key import OWNER_EXISTS
from todo.services.authentication import InvalidTokenError
from todo.services.shared.batches import in_batch, in_batch_of_shards
from todo.services.shared.tables import binds_of, table_of

RETENTION: ColumnElement[timedelta] = literal_column("interval '24 hours'")
SWEEP_BATCH = 1000
RESPONSE_COLUMNS = ("status", "content_type", "etag", "body", "change_seq")

KEYS = table_of(IdempotencyKey)
PARAMETERS = binds_of(KEYS, ("user_id", "key", "fingerprint"))
IS_EXPIRED = KEYS.c.created_at < func.now() - RETENTION
UTC: ColumnElement[str] = literal_column("'UTC'")
IS_OWN_KEY = (KEYS.c.user_id == PARAMETERS["user_id"], KEYS.c.key == PARAMETERS["key"])

_claim = insert(KEYS).values(PARAMETERS)
# Citus accepts only immutable functions here. An interval before an instant with a time zone is not immutable.
_is_old = func.timezone(UTC, KEYS.c.created_at) < func.timezone(UTC, _claim.excluded.created_at) - RETENTION
CLAIM_KEY = Statement(
    _claim.on_conflict_do_update(
        index_elements=["user_id", "key"],
        set_={
            "fingerprint": PARAMETERS["fingerprint"],
            "created_at": _claim.excluded.created_at,
            **dict.fromkeys(RESPONSE_COLUMNS),
        },
        where=_is_old,
    ).returning(KEYS.c.key),
    violations={OWNER_EXISTS: InvalidTokenError},
)
SELECT_RESPONSE = Statement(
    select(KEYS.c.fingerprint, *(KEYS.c[name] for name in RESPONSE_COLUMNS)).where(*IS_OWN_KEY, not_(IS_EXPIRED))
)
STORE_RESPONSE = Statement(update(KEYS).where(*IS_OWN_KEY).values(binds_of(KEYS, RESPONSE_COLUMNS)))
_expired = select(KEYS.c.user_id, KEYS.c.key).where(IS_EXPIRED).order_by(KEYS.c.created_at).limit(SWEEP_BATCH)
_sweep = delete(KEYS).returning(KEYS.c.key)
SWEEP = Statement(_sweep.where(in_batch(KEYS, _expired)))
SWEEP_SHARDS = Statement(_sweep.where(in_batch_of_shards(KEYS, _expired)))

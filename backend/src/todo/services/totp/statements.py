"""Statements on second factors and recovery codes."""

from sqlalchemy import ARRAY, Boolean, Integer, LargeBinary, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from todo.core.database.statement import Statement
from todo.core.security.sealing import HEAD_BYTES
from todo.models import RecoveryCode, TotpFactor, User
from todo.models.accounts.recovery_code import FACTOR_EXISTS
from todo.models.accounts.totp_factor import OWNER_EXISTS
from todo.services.authentication import InvalidTokenError
from todo.services.shared.tables import binds_of, table_of
from todo.services.totp.errors import TotpNotEnabledError

USERS, FACTORS, CODES = table_of(User), table_of(TotpFactor), table_of(RecoveryCode)
FACTOR = binds_of(FACTORS, FACTORS.c.keys())
USER_ID, SEALED_SECRET = FACTOR["user_id"], FACTOR["sealed_secret"]
IS_OWN_FACTOR = FACTORS.c.user_id == USER_ID
RESEAL_BATCH = 500

_new_factor = insert(FACTORS).values(user_id=USER_ID, sealed_secret=SEALED_SECRET, last_step=0)
UPSERT_FACTOR = Statement(
    _new_factor.on_conflict_do_update(
        index_elements=[FACTORS.c.user_id],
        set_={"sealed_secret": _new_factor.excluded.sealed_secret, "last_step": _new_factor.excluded.last_step},
    ),
    violations={OWNER_EXISTS: InvalidTokenError},
)
SELECT_FACTOR = Statement(select(FACTORS.c.sealed_secret).where(IS_OWN_FACTOR))
USE_STEP = Statement(
    update(FACTORS)
    .where(IS_OWN_FACTOR, FACTORS.c.last_step < FACTOR["last_step"])
    .values(last_step=FACTOR["last_step"])
    .returning(FACTORS.c.user_id)
)
"""Writes the time step of a code. A second statement with the same step matches no row."""
DELETE_FACTOR = Statement(delete(FACTORS).where(IS_OWN_FACTOR).returning(FACTORS.c.user_id))
SET_ENABLED = Statement(
    update(USERS).where(USERS.c.id == USER_ID).values(totp_enabled=bindparam("totp_enabled", type_=Boolean))
)

INSERT_CODES = Statement(
    insert(CODES).from_select(
        ["user_id", "code_hash"],
        select(USER_ID, func.unnest(bindparam("code_hashes", type_=ARRAY(LargeBinary)))),
    ),
    violations={FACTOR_EXISTS: TotpNotEnabledError},
)
USE_CODE = Statement(
    delete(CODES)
    .where(CODES.c.user_id == USER_ID, CODES.c.code_hash == bindparam("code_hash", type_=LargeBinary))
    .returning(CODES.c.user_id)
)
DELETE_CODES = Statement(delete(CODES).where(CODES.c.user_id == USER_ID))

SELECT_OTHERWISE_SEALED = Statement(
    select(FACTORS.c.user_id, FACTORS.c.sealed_secret)
    .where(
        FACTORS.c.user_id > USER_ID,
        func.substring(FACTORS.c.sealed_secret, 1, HEAD_BYTES) != bindparam("head", type_=LargeBinary),
    )
    .order_by(FACTORS.c.user_id)
    .limit(bindparam("limit", type_=Integer))
)
"""Reads a batch of the secrets whose head differs, in the order of their users."""
RESEAL = Statement(
    update(FACTORS)
    .where(IS_OWN_FACTOR, FACTORS.c.sealed_secret == bindparam("old_secret", type_=LargeBinary))
    .values(sealed_secret=SEALED_SECRET)
)

"""Statements on personal access tokens."""

from sqlalchemy import DateTime, Integer, bindparam, delete, func, insert, or_, select, update

from todo.core.database.statement import Statement
from todo.models import AccessToken, User
from todo.models.accounts.access_token import OWNER_EXISTS, TOKEN_NAME_UNIQUE
from todo.schemas.access_token import AccessTokenPublic
from todo.services.access_tokens.errors import AccessTokenExistsError
from todo.services.authentication import InvalidTokenError
from todo.services.shared.tables import binds_of, columns_of, table_of

TOKENS, USERS = table_of(AccessToken), table_of(User)
PARAMETERS = binds_of(TOKENS, ("user_id", "id", "name", "token_hash", "scopes", "expires_at"))
NOW = bindparam("now", type_=DateTime(timezone=True))
PUBLIC_COLUMNS = columns_of(TOKENS, AccessTokenPublic)
IS_OWN_TOKEN = (TOKENS.c.user_id == PARAMETERS["user_id"], TOKENS.c.id == PARAMETERS["id"])

WRITTEN_COLUMNS = {name: PARAMETERS[name] for name in ("user_id", "name", "token_hash", "scopes", "expires_at")}
_count = select(func.count()).select_from(TOKENS).where(TOKENS.c.user_id == PARAMETERS["user_id"]).scalar_subquery()
_new_token = select(*WRITTEN_COLUMNS.values()).where(_count < bindparam("max_tokens", type_=Integer))

INSERT_TOKEN = Statement(
    insert(TOKENS).from_select([*WRITTEN_COLUMNS], _new_token).returning(*PUBLIC_COLUMNS),
    violations={TOKEN_NAME_UNIQUE: AccessTokenExistsError, OWNER_EXISTS: InvalidTokenError},
)
"""Inserts nothing if the user has `max_tokens` tokens."""
SELECT_TOKENS = Statement(
    select(*PUBLIC_COLUMNS).where(TOKENS.c.user_id == PARAMETERS["user_id"]).order_by(TOKENS.c.id)
)
SELECT_BY_HASH = Statement(
    select(TOKENS.c.user_id, TOKENS.c.id, TOKENS.c.scopes, TOKENS.c.expires_at, TOKENS.c.last_used_at)
    .join(USERS, USERS.c.id == TOKENS.c.user_id)
    .where(TOKENS.c.token_hash == PARAMETERS["token_hash"], USERS.c.disabled_at.is_(None))
)
"""Finds no token of a disabled user."""
UPDATE_LAST_USED = Statement(
    update(TOKENS)
    .where(*IS_OWN_TOKEN, or_(TOKENS.c.last_used_at.is_(None), TOKENS.c.last_used_at < NOW))
    .values(last_used_at=NOW)
)
DELETE_TOKEN = Statement(delete(TOKENS).where(*IS_OWN_TOKEN).returning(TOKENS.c.id))

"""The table of idempotency keys and their stored responses."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, LargeBinary, PrimaryKeyConstraint, SmallInteger, String, Text
from sqlmodel import Field

from todo.models.base import Base, instant_column, owner_column

KEY_MAX = 255
OWNER_EXISTS = "fk_idempotency_keys_users"


class IdempotencyKey(Base, table=True):
    """An idempotency key, the fingerprint of its request, and the stored response (ADR 0025).

    The transaction of the write inserts the row and stores the response. Other transactions never see the row without
    a response.
    """

    __tablename__ = "idempotency_keys"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "key"),
        Index("idx_idempotency_keys_created_at", "created_at"),
    )

    user_id: UUID = Field(sa_column=owner_column(OWNER_EXISTS))
    key: str = Field(sa_column=Column(String(KEY_MAX), nullable=False))
    fingerprint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = Field(sa_column=instant_column())
    status: int | None = Field(default=None, sa_column=Column(SmallInteger))
    content_type: str | None = Field(default=None, sa_column=Column(Text))
    etag: str | None = Field(default=None, sa_column=Column(Text))
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    change_seq: int | None = Field(default=None, sa_column=Column(BigInteger))

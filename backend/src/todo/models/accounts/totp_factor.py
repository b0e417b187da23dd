"""The table of second factors."""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, LargeBinary, PrimaryKeyConstraint
from sqlmodel import Field

from todo.models.base import Base, owner_column

OWNER_EXISTS = "fk_totp_factors_users"


class TotpFactor(Base, table=True):
    """The TOTP secret of a user, sealed. It is pending until `totp_enabled` of the user is true (ADR 0048)."""

    __tablename__ = "totp_factors"
    __table_args__: ClassVar = (PrimaryKeyConstraint("user_id"),)

    user_id: UUID = Field(sa_column=owner_column(OWNER_EXISTS))
    sealed_secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    last_step: int = Field(sa_column=Column(BigInteger, nullable=False))

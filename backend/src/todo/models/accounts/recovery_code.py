"""The table of recovery codes."""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import Column, ForeignKey, LargeBinary, PrimaryKeyConstraint, Uuid
from sqlmodel import Field

from todo.models.base import Base

FACTOR_EXISTS = "fk_recovery_codes_totp_factors"


class RecoveryCode(Base, table=True):
    """An unused recovery code. The table has only the hash of the code."""

    __tablename__ = "recovery_codes"
    __table_args__: ClassVar = (PrimaryKeyConstraint("user_id", "code_hash"),)

    user_id: UUID = Field(
        sa_column=Column(
            Uuid, ForeignKey("totp_factors.user_id", name=FACTOR_EXISTS, ondelete="CASCADE"), nullable=False
        )
    )
    code_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))

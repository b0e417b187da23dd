"""The table of change clocks."""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint
from sqlmodel import Field

from todo.models.base import Base, owner_column

OWNER_EXISTS = "fk_change_clocks_users"


class ChangeClock(Base, table=True):
    """The change clock of a user: the number of the user's last change (ADR 0052).

    A write locks the clock before any other row, so the writes of one user are in a total order. Half of each page is
    free, so that the next number is written beside the old one, without a change of the index.
    """

    __tablename__ = "change_clocks"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    user_id: UUID = Field(sa_column=owner_column(OWNER_EXISTS))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    swept_seq: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
